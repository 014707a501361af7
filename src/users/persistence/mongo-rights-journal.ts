import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { isDuplicateKey } from '../../database/duplicate-key';
import { type RightsChanges, RightsJournal } from '../rights-journal';
import { RightsJournalDocument } from './rights-journal.schema';

const ID = 'rights';
const KEPT_NOTES = 20;
const NAMED_PEOPLE = 100;

@Injectable()
export class MongoRightsJournal extends RightsJournal {
  constructor(@InjectModel(RightsJournalDocument.name) private readonly model: Model<RightsJournalDocument>) {
    super();
  }

  /** Index: _id. */
  async note(userIds: readonly string[]): Promise<void> {
    const user_ids = userIds.length <= NAMED_PEOPLE ? [...userIds] : [];
    const update = { $inc: { count: 1 }, $push: { notes: { $each: [{ user_ids }], $slice: -KEPT_NOTES } } };
    for (;;) {
      try {
        await this.model.updateOne({ _id: ID }, update, { upsert: true });
        return;
      } catch (error) {
        // Somebody made the first note at the same time.
        if (!isDuplicateKey(error)) throw error;
      }
    }
  }

  /** Index: _id. */
  async since(known: number | undefined): Promise<RightsChanges> {
    const { count } = (await this.read({ count: 1 })) ?? { count: 0 };
    if (count === known) return { count, userIds: [] };
    const found = await this.read({ count: 1, notes: 1 });
    if (!found) return { count: 0 };
    const isKnown = known !== undefined && known < found.count && found.count - known <= found.notes.length;
    const notes = isKnown ? found.notes.slice(known - found.count) : [];
    const areNamed = notes.length > 0 && notes.every(({ user_ids }) => user_ids.length > 0);
    return { count: found.count, ...(areNamed && { userIds: notes.flatMap(({ user_ids }) => user_ids) }) };
  }

  private read(fields: Partial<Record<keyof RightsJournalDocument, 1>>): Promise<RightsJournalDocument | null> {
    return this.model.findOne({ _id: ID }, fields).lean<RightsJournalDocument | null>();
  }
}
