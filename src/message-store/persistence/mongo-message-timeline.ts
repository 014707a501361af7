import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { rows } from '../../database/rows';
import { MessageTimeline, type Place, type SentMessage } from '../message-timeline';
import { MessageDocument } from './message.schema';

const ROW = { conversation_id: 1, seq: 1, sender_id: 1, sender_role: 1, created_at: 1, _id: 0 } as const;
type Row = Pick<MessageDocument, 'conversation_id' | 'seq' | 'sender_id' | 'sender_role' | 'created_at'>;

/** Places that are looked up in one query. */
const PLACES_AT_ONCE = 100;

const toSent = (row: Row): SentMessage => ({
  conversationId: row.conversation_id,
  seq: row.seq,
  senderId: row.sender_id,
  senderRole: row.sender_role,
  createdAt: row.created_at,
});

@Injectable()
export class MongoMessageTimeline extends MessageTimeline {
  constructor(@InjectModel(MessageDocument.name) private readonly model: Model<MessageDocument>) {
    super();
  }

  /** Index: created. */
  async between(from: Date, before: Date, limit?: number): Promise<SentMessage[]> {
    const options = { projection: ROW, sort: { created_at: 1 }, ...(limit === undefined ? {} : { limit }) } as const;
    return (await rows<Row>(this.model, { created_at: { $gte: from, $lt: before } }, options)).map(toSent);
  }

  /** Index: sender_in_time. */
  async bySenderSince(senderId: string, from: Date): Promise<SentMessage[]> {
    const filter = { sender_id: senderId, created_at: { $gte: from } };
    return (await rows<Row>(this.model, filter, { projection: ROW })).map(toSent);
  }

  /** Index: conversation_seq. */
  async at(places: readonly Place[]): Promise<SentMessage[]> {
    const found: SentMessage[] = [];
    for (let start = 0; start < places.length; start += PLACES_AT_ONCE) {
      const branches = places.slice(start, start + PLACES_AT_ONCE);
      const $or = branches.map(({ conversationId, seq }) => ({ conversation_id: conversationId, seq }));
      found.push(...(await rows<Row>(this.model, { $or }, { projection: ROW })).map(toSent));
    }
    return found;
  }
}
