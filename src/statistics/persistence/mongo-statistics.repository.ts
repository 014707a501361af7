import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { isDuplicateKey } from '../../database/duplicate-key';
import { pairId, type MinuteTotals, type SentCount } from '../counting';
import { StatisticsRepository } from '../statistics.repository';
import { MinuteDocument, PeakDocument, SentCountDocument } from './statistics.schema';

const ONLINE = 'online';

const toSentCount = (document: SentCountDocument): SentCount => ({
  conversationId: document.conversation_id,
  userId: document.user_id,
  sent: document.sent,
  sentSince: document.sent_since,
  sinceSeq: document.since_seq,
  minute: document.minute,
});

const fromSentCount = (count: SentCount): SentCountDocument => ({
  _id: pairId(count),
  conversation_id: count.conversationId,
  user_id: count.userId,
  sent: count.sent,
  sent_since: count.sentSince,
  since_seq: count.sinceSeq,
  minute: count.minute,
});

@Injectable()
export class MongoStatisticsRepository extends StatisticsRepository {
  constructor(
    @InjectModel(MinuteDocument.name) private readonly minutes: Model<MinuteDocument>,
    @InjectModel(SentCountDocument.name) private readonly counts: Model<SentCountDocument>,
    @InjectModel(PeakDocument.name) private readonly peaks: Model<PeakDocument>,
  ) {
    super();
  }

  /** Index: _id. */
  async lastMinute(before: Date): Promise<MinuteTotals | undefined> {
    const found = await this.minutes
      .findOne({ _id: { $lt: before } })
      .sort({ _id: -1 })
      .lean<MinuteDocument | null>();
    if (!found) return undefined;
    const { _id: minute, messages, replies, reply_ms: replyMs } = found;
    return { minute, messages, replies, replyMs };
  }

  async addMinutes(minutes: readonly MinuteTotals[]): Promise<void> {
    const documents = minutes.map(({ minute, messages, replies, replyMs }): MinuteDocument => ({
      _id: minute,
      messages,
      replies,
      reply_ms: replyMs,
    }));
    try {
      await this.minutes.collection.insertMany(documents as never[], { ordered: true });
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
  }

  /** Index: _id. */
  async sentCounts(pairs: readonly Pick<SentCount, 'conversationId' | 'userId'>[]): Promise<SentCount[]> {
    const found = await this.counts.find({ _id: { $in: pairs.map(pairId) } }).lean<SentCountDocument[]>();
    return found.map(toSentCount);
  }

  /** Index: user. */
  async sentBy(userId: string): Promise<SentCount[]> {
    return (await this.counts.find({ user_id: userId }).lean<SentCountDocument[]>()).map(toSentCount);
  }

  /** Index: _id. */
  async moveSentCounts(counts: readonly SentCount[], known: ReadonlyMap<string, SentCount>): Promise<void> {
    if (counts.length === 0) return;
    const operations = counts.map((count) => {
      const document = fromSentCount(count);
      const before = known.get(document._id);
      if (!before) return { insertOne: { document: document as never } };
      const { _id, ...fields } = document;
      return { updateOne: { filter: { _id: _id as never, minute: before.minute }, update: { $set: fields } } };
    });
    try {
      await this.counts.collection.bulkWrite(operations, { ordered: false });
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
  }

  /** Index: _id. */
  async peakOnline(): Promise<number> {
    return (await this.peaks.findById(ONLINE).lean<PeakDocument | null>())?.people ?? 0;
  }

  /** Index: _id. */
  async raisePeakOnline(people: number): Promise<void> {
    await this.peaks.updateOne({ _id: ONLINE }, { $max: { people } }, { upsert: true });
  }
}
