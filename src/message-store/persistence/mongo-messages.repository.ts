import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { duplicateIndexOf, isDuplicateKey } from '../../database/duplicate-key';
import { firstRow, rows } from '../../database/rows';
import type { Change, Message, MessagePlace, MessageStub } from '../message';
import {
  MessagesRepository,
  type AppendOutcome,
  type ChangeOutcome,
  type HistoryRange,
  type Moment,
  type SeqRange,
} from '../messages.repository';
import { fromMessage, STUB, type StubDocument, toMessage, toStub, toUpdate } from './message.mapper';
import { KEY_INDEX, MessageDocument, SEQ_INDEX } from './message.schema';

interface WriteErrorLike {
  readonly index: number;
  readonly code?: number;
  readonly errmsg?: string;
}

const OUTCOME_OF_INDEX: Readonly<Record<string, AppendOutcome>> = {
  [SEQ_INDEX]: 'seq_taken',
  [KEY_INDEX]: 'key_taken',
  _id_: 'id_taken',
};

function writeErrorsOf(error: unknown): readonly WriteErrorLike[] {
  const { writeErrors, result } = error as { writeErrors?: unknown; result?: { getWriteConcernError?: () => unknown } };
  // A write concern that was not met leaves the outcome unknown.
  if (result?.getWriteConcernError?.() !== undefined) return [];
  if (Array.isArray(writeErrors)) return writeErrors as WriteErrorLike[];
  return typeof writeErrors === 'object' && writeErrors !== null ? [writeErrors as WriteErrorLike] : [];
}

/** Ranges of conversations that are asked for in one query. */
const RANGES_AT_ONCE = 100;
/** Messages above some places that one query hands out. */
const MOST_ABOVE = 2_000;

/** Rows above some places, one range of an index for each; undefined when there are too many for one answer. */
async function above<T>(
  model: Model<MessageDocument>,
  places: ReadonlyMap<string, number>,
  field: 'seq' | 'mod',
  projection: Readonly<Record<string, 0 | 1>>,
): Promise<T[] | undefined> {
  const branches = [...places].map(([conversation_id, place]) => ({ conversation_id, [field]: { $gt: place } }));
  const found: T[] = [];
  for (let start = 0; start < branches.length; start += RANGES_AT_ONCE) {
    const $or = branches.slice(start, start + RANGES_AT_ONCE);
    const options = { projection: { ...projection, conversation_id: 1 }, limit: MOST_ABOVE } as const;
    const some = await rows<T>(model, { $or }, options);
    if (some.length === MOST_ABOVE) return undefined;
    found.push(...some);
  }
  return found;
}

@Injectable()
export class MongoMessagesRepository extends MessagesRepository {
  constructor(@InjectModel(MessageDocument.name) private readonly model: Model<MessageDocument>) {
    super();
  }

  async append(messages: readonly Message[], ordered: boolean): Promise<AppendOutcome[]> {
    const outcomes: AppendOutcome[] = messages.map(() => 'stored');
    try {
      // The driver's own insert: a Mongoose document per message would cost nine times as much.
      await this.model.collection.insertMany(messages.map(fromMessage) as never[], { ordered });
    } catch (error) {
      const refusals = writeErrorsOf(error);
      if (refusals.length === 0) throw error;
      for (const { index, code, errmsg } of refusals) {
        const outcome = code === 11000 ? OUTCOME_OF_INDEX[duplicateIndexOf(errmsg ?? '') ?? ''] : undefined;
        if (outcome === undefined) throw error;
        outcomes[index] = outcome;
        if (ordered) outcomes.fill('not_tried', index + 1);
      }
    }
    return outcomes;
  }

  /** Index: conversation_seq. */
  async top(conversationId: string): Promise<Pick<Message, 'seq' | 'createdAt'> | undefined> {
    const found = await firstRow<Pick<MessageDocument, 'seq' | 'created_at'>>(
      this.model,
      { conversation_id: conversationId },
      { projection: { seq: 1, created_at: 1, _id: 0 }, sort: { seq: -1 } },
    );
    return found ? { seq: found.seq, createdAt: found.created_at } : undefined;
  }

  /** Index: conversation_seq. */
  async tail(conversationId: string, seq: number, limit: number): Promise<MessageStub[]> {
    const found = await rows<StubDocument>(
      this.model,
      { conversation_id: conversationId, seq: { $gt: seq } },
      { projection: STUB, sort: { seq: 1 }, limit },
    );
    return found.map(toStub);
  }

  /** Index: conversation_seq, one range of it per conversation. */
  async tails(places: ReadonlyMap<string, number>): Promise<Map<string, MessageStub[]> | undefined> {
    const found = await above<StubDocument & Pick<MessageDocument, 'conversation_id'>>(this.model, places, 'seq', STUB);
    if (!found) return undefined;
    const tails = new Map<string, MessageStub[]>();
    for (const row of found) {
      const tail = tails.get(row.conversation_id);
      if (tail) tail.push(toStub(row));
      else tails.set(row.conversation_id, [toStub(row)]);
    }
    for (const tail of tails.values()) tail.sort((a, b) => a.seq - b.seq);
    return tails;
  }

  /** Index: conversation_seq. */
  async page({ conversationId, after, before, limit, forward }: HistoryRange): Promise<Message[]> {
    const found = await rows<MessageDocument>(
      this.model,
      { conversation_id: conversationId, seq: { $gt: after, $lt: before } },
      { sort: { seq: forward ? 1 : -1 }, limit },
    );
    const messages = found.map(toMessage);
    return forward ? messages : messages.reverse();
  }

  /** Index: conversation_seq, one range of it per conversation. */
  async between(ranges: readonly SeqRange[]): Promise<Message[]> {
    const messages: Message[] = [];
    for (let start = 0; start < ranges.length; start += RANGES_AT_ONCE) {
      const branches = ranges.slice(start, start + RANGES_AT_ONCE).map(({ conversationId, after, upTo }) => ({
        conversation_id: conversationId,
        seq: { $gt: after, $lte: upTo },
      }));
      for (const row of await rows<MessageDocument>(this.model, { $or: branches })) messages.push(toMessage(row));
    }
    return messages;
  }

  /** Index: conversation_mod. */
  async changedSince(conversationId: string, mod: number, limit: number): Promise<Message[]> {
    const found = await rows<MessageDocument>(
      this.model,
      { conversation_id: conversationId, mod: { $gt: mod } },
      { sort: { mod: 1 }, limit },
    );
    return found.map(toMessage);
  }

  /** Index: conversation_seq. */
  async idsAt(conversationId: string, seqs: readonly number[]): Promise<Map<number, string>> {
    const found = await rows<Pick<MessageDocument, '_id' | 'seq'>>(
      this.model,
      { conversation_id: conversationId, seq: { $in: [...seqs] } },
      { projection: { seq: 1 } },
    );
    return new Map(found.map(({ _id, seq }) => [seq, _id]));
  }

  /** Index: _id. */
  async findById(messageId: string): Promise<Message | undefined> {
    const found = await firstRow<MessageDocument>(this.model, { _id: messageId });
    return found ? toMessage(found) : undefined;
  }

  /** Index: _id. */
  async findByIds(messageIds: readonly string[]): Promise<Message[]> {
    const found = await rows<MessageDocument>(this.model, { _id: { $in: [...messageIds] } });
    return found.map(toMessage);
  }

  /** Index: conversation_sender_key. `$exists` lets the planner use the partial index. */
  async findByKey(conversationId: string, senderId: string, clientMessageId: string): Promise<Message | undefined> {
    const found = await firstRow<MessageDocument>(this.model, {
      conversation_id: conversationId,
      sender_id: senderId,
      client_message_id: { $exists: true, $eq: clientMessageId },
    });
    return found ? toMessage(found) : undefined;
  }

  /** Index: conversation_seq. A binary search, because times rise with `seq`: a few point reads, however long the history. */
  async seqAt(conversationId: string, at: Date): Promise<number> {
    let low = 0;
    let high = (await this.top(conversationId))?.seq ?? 0;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const found = await firstRow<Pick<MessageDocument, 'seq' | 'created_at'>>(
        this.model,
        { conversation_id: conversationId, seq: { $gte: middle } },
        { projection: { seq: 1, created_at: 1, _id: 0 }, sort: { seq: 1 } },
      );
      if (found && found.created_at <= at) low = found.seq;
      else high = middle - 1;
    }
    return low;
  }

  /** Index: conversation_seq. */
  async sendersBetween(conversationId: string, after: number, upTo: number): Promise<string[]> {
    const found = await rows<Pick<MessageDocument, 'sender_id'>>(
      this.model,
      { conversation_id: conversationId, seq: { $gt: after, $lte: upTo } },
      { projection: { sender_id: 1, _id: 0 }, sort: { seq: -1 }, limit: 500 },
    );
    return [...new Set(found.map((row) => row.sender_id))];
  }

  /** Index: sender_in_time. The rest of one moment, then what came later: each is one range of the index, in its order. */
  async sentBy(senderId: string, after: Moment | undefined, limit: number): Promise<Message[]> {
    const ranges = after
      ? [{ created_at: after.createdAt, _id: { $gt: after.id } }, { created_at: { $gt: after.createdAt } }]
      : [{}];
    const found: MessageDocument[] = [];
    for (const range of ranges) {
      if (found.length >= limit) break;
      const options = { sort: { created_at: 1, _id: 1 }, limit: limit - found.length } as const;
      found.push(...(await rows<MessageDocument>(this.model, { sender_id: senderId, ...range }, options)));
    }
    return found.map(toMessage);
  }

  /** Index: conversation_mod. `$exists` lets the planner use the partial index. */
  async topMod(conversationId: string): Promise<number> {
    const found = await firstRow<{ mod: number }>(
      this.model,
      { conversation_id: conversationId, mod: { $exists: true } },
      { projection: { mod: 1, _id: 0 }, sort: { mod: -1 } },
    );
    return found?.mod ?? 0;
  }

  /** Index: conversation_mod, one range of it per conversation. */
  async topMods(places: ReadonlyMap<string, number>): Promise<Map<string, number> | undefined> {
    const found = await above<{ conversation_id: string; mod: number }>(this.model, places, 'mod', { mod: 1, _id: 0 });
    if (!found) return undefined;
    const tops = new Map<string, number>();
    for (const { conversation_id: id, mod } of found) tops.set(id, Math.max(mod, tops.get(id) ?? 0));
    return tops;
  }

  /** Index: _id. `mod` as it was read is the guard against another change. */
  async change(message: Message, change: Change, mod: number): Promise<ChangeOutcome> {
    const filter = { _id: message.id as never, mod: message.mod ?? { $exists: false } };
    try {
      const { matchedCount } = await this.model.collection.updateOne(filter, toUpdate(message, change, mod));
      return matchedCount === 1 ? 'done' : 'stale';
    } catch (error) {
      if (isDuplicateKey(error)) return 'mod_taken';
      throw error;
    }
  }

  /** Index: conversation_deleted, one range of it per conversation; answered from the index alone. */
  async deletedSeqs(ranges: readonly SeqRange[]): Promise<Map<string, number[]>> {
    const found = new Map<string, number[]>();
    for (let start = 0; start < ranges.length; start += RANGES_AT_ONCE) {
      const branches = ranges.slice(start, start + RANGES_AT_ONCE).map(({ conversationId, after, upTo }) => ({
        conversation_id: conversationId,
        is_deleted: true,
        seq: { $gt: after, $lte: upTo },
      }));
      const places = await rows<Pick<MessageDocument, 'conversation_id' | 'seq'>>(
        this.model,
        { $or: branches },
        { projection: { conversation_id: 1, seq: 1, _id: 0 } },
      );
      for (const { conversation_id: id, seq } of places) {
        const seqs = found.get(id);
        if (seqs) seqs.push(seq);
        else found.set(id, [seq]);
      }
    }
    return found;
  }

  /** Index: created. */
  async createdBetween(after: Date, upTo: Date, limit: number): Promise<Message[]> {
    const found = await rows<MessageDocument>(
      this.model,
      { created_at: { $gt: after, $lte: upTo } },
      { sort: { created_at: 1 }, limit },
    );
    return found.map(toMessage);
  }

  /** Index: created. */
  async createdBefore(at: Date, limit: number): Promise<MessagePlace[]> {
    const found = await rows<Pick<MessageDocument, '_id' | 'conversation_id' | 'seq' | 'mod'>>(
      this.model,
      { created_at: { $lt: at } },
      { projection: { conversation_id: 1, seq: 1, mod: 1 }, sort: { created_at: 1 }, limit },
    );
    return found.map((row) => ({
      id: row._id,
      conversationId: row.conversation_id,
      seq: row.seq,
      mod: row.mod ?? null,
    }));
  }

  /** Index: _id. */
  async remove(messageIds: readonly string[]): Promise<void> {
    await this.model.deleteMany({ _id: { $in: [...messageIds] } });
  }
}
