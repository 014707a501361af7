import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { isDuplicateKey } from '../../database/duplicate-key';
import { firstRow, rows } from '../../database/rows';
import type { Conversation, Viewer } from '../conversation';
import {
  ConversationsRepository,
  type ConversationChange,
  type Heads,
  type ListedRow,
  type ModMove,
  type Standing,
  type RecentRange,
  type SummaryMove,
  type SyncRow,
} from '../conversations.repository';
import { fromConversation, toConversation } from './conversation.mapper';
import { ConversationDocument } from './conversation.schema';
import {
  accessOf,
  branchesOf,
  disjointBranchesOf,
  latestFirst,
  ROW,
  type RowDocument,
  SYNC_ROW,
  type SyncRowDocument,
  toRow,
  toSyncRow,
  visibleTo,
} from './listing';

@Injectable()
export class MongoConversationsRepository extends ConversationsRepository {
  constructor(@InjectModel(ConversationDocument.name) private readonly conversations: Model<ConversationDocument>) {
    super();
  }

  /** Index: _id. */
  async findForViewer(conversationId: string, viewer: Viewer): Promise<Conversation | undefined> {
    const filter = { _id: conversationId, ...accessOf(viewer) };
    const found = await firstRow<ConversationDocument>(this.conversations, filter);
    return found ? toConversation(found) : undefined;
  }

  /** Index: _id. */
  async findManyForViewer(conversationIds: readonly string[], viewer: Viewer): Promise<Conversation[]> {
    const filter = { _id: { $in: [...conversationIds] }, ...accessOf(viewer) };
    const found = await rows<ConversationDocument>(this.conversations, filter);
    return found.map(toConversation);
  }

  /** Index: participant_recent, audience_recent. Each branch is in order; the two together are put in order here. */
  async findRecent(viewer: Viewer, { without, limit }: RecentRange): Promise<ListedRow[]> {
    const branches = branchesOf(viewer).map((branch) => {
      const filter = {
        ...branch,
        $or: visibleTo(viewer),
        ...(without.length === 0 ? {} : { _id: { $nin: [...without] } }),
      };
      const order = { sort: { activity_at: -1, _id: 1 }, ...(limit === undefined ? {} : { limit }) } as const;
      return rows<RowDocument>(this.conversations, filter, { projection: ROW, ...order });
    });
    const listed = (await Promise.all(branches)).flat().map((row): [string, ListedRow] => [row._id, toRow(row)]);
    return [...new Map(listed).values()].sort(latestFirst).slice(0, limit);
  }

  /** Index: _id. */
  async findListed(viewer: Viewer, conversationIds: readonly string[]): Promise<ListedRow[]> {
    const found = await rows<RowDocument>(
      this.conversations,
      { _id: { $in: [...conversationIds] }, $and: [{ $or: branchesOf(viewer) }, { $or: visibleTo(viewer) }] },
      { projection: ROW },
    );
    return found.map(toRow).sort(latestFirst);
  }

  /** Index: participant_recent, audience_recent. */
  async countListed(viewer: Viewer): Promise<number> {
    const counts = disjointBranchesOf(viewer).map((branch) =>
      this.conversations.countDocuments({ ...branch, $or: visibleTo(viewer) }),
    );
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  /** Index: participant_hot, audience_hot. */
  async findHotIds(viewer: Viewer): Promise<string[]> {
    const branches = branchesOf(viewer).map((branch) =>
      rows<{ _id: string }>(
        this.conversations,
        { ...branch, hot_until: { $exists: true } },
        { projection: { _id: 1 } },
      ),
    );
    return (await Promise.all(branches)).flat().map(({ _id }) => _id);
  }

  /** Index: participant_recent, audience_recent. */
  async findSyncRows(viewer: Viewer): Promise<SyncRow[]> {
    const branches = disjointBranchesOf(viewer).map((branch) =>
      rows<SyncRowDocument>(this.conversations, branch, { projection: SYNC_ROW }),
    );
    return (await Promise.all(branches)).flat().map(toSyncRow);
  }

  /** Index: audience_recent. */
  async findSupportSince(userId: string, from: Date): Promise<string[]> {
    const filter = { audience: 'admins', activity_at: { $gte: from }, participants: { $ne: userId } };
    const found = await rows<{ _id: string }>(this.conversations, filter, { projection: { _id: 1 } });
    return found.map(({ _id }) => _id);
  }

  /** Index: _id. */
  async syncRowsOf(ids: readonly string[]): Promise<SyncRow[]> {
    const filter = { _id: { $in: [...ids] } };
    return (await rows<SyncRowDocument>(this.conversations, filter, { projection: SYNC_ROW })).map(toSyncRow);
  }

  /** Index: hot. */
  async findCooled(before: Date, limit: number): Promise<{ id: string; hotUntil: Date }[]> {
    const found = await rows<{ _id: string; hot_until: Date }>(
      this.conversations,
      { hot_until: { $exists: true, $lt: before } },
      { projection: { hot_until: 1 }, sort: { hot_until: 1 }, limit },
    );
    return found.map(({ _id, hot_until }) => ({ id: _id, hotUntil: hot_until }));
  }

  /** Index: busiest. */
  async findBusiest(limit: number): Promise<{ id: string; messages: number }[]> {
    const found = await rows<Pick<ConversationDocument, '_id' | 'summary'>>(
      this.conversations,
      { 'summary.seq': { $gt: 0 } },
      { projection: { 'summary.seq': 1 }, sort: { 'summary.seq': -1 }, limit },
    );
    return found.map(({ _id, summary }) => ({ id: _id, messages: summary.seq }));
  }

  /** Index: _id. */
  async heads(ids: readonly string[]): Promise<Map<string, Heads>> {
    const found = await rows<Pick<ConversationDocument, '_id' | 'summary' | 'floor_seq'>>(
      this.conversations,
      { _id: { $in: [...ids] } },
      { projection: { 'summary.seq': 1, 'summary.mod': 1, floor_seq: 1 } },
    );
    return new Map(
      found.map(({ _id, summary, floor_seq = 0 }) => [
        _id,
        { seq: Math.max(summary.seq, floor_seq), mod: summary.mod },
      ]),
    );
  }

  /** Index: _id. */
  async standings(ids: readonly string[]): Promise<Map<string, Standing>> {
    const found = await rows<Pick<ConversationDocument, '_id' | 'version' | 'summary'>>(
      this.conversations,
      { _id: { $in: [...ids] } },
      { projection: { version: 1, 'summary.seq': 1 } },
    );
    return new Map(found.map(({ _id, version, summary }) => [_id, { version, seq: summary.seq }]));
  }

  async insert(conversation: Conversation): Promise<boolean> {
    try {
      await this.conversations.collection.insertOne(fromConversation(conversation) as never);
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  /** Index: _id. */
  async findById(conversationId: string): Promise<Conversation | undefined> {
    const found = await firstRow<ConversationDocument>(this.conversations, { _id: conversationId });
    return found ? toConversation(found) : undefined;
  }

  /** Index: _id. */
  async findByIds(conversationIds: readonly string[]): Promise<Conversation[]> {
    const found = await rows<ConversationDocument>(this.conversations, { _id: { $in: [...conversationIds] } });
    return found.map(toConversation);
  }

  /** Index: _id. */
  async change(
    read: Pick<Conversation, 'id' | 'version'>,
    change: ConversationChange,
    at: Date,
  ): Promise<Conversation | undefined> {
    const { title, description, avatarUrl, posting, participants } = change;
    const texts = Object.entries({ title, description, avatar_url: avatarUrl });
    const given = texts.filter(([, value]) => value !== undefined && value !== null);
    const cleared = texts.filter(([, value]) => value === null).map(([field]) => [field, '']);
    const changed = await this.conversations
      .findOneAndUpdate(
        { _id: read.id, version: read.version },
        {
          $set: {
            ...Object.fromEntries(given),
            ...(posting === undefined ? {} : { posting }),
            ...(participants === undefined ? {} : { participants: [...participants] }),
            updated_at: at,
          },
          ...(cleared.length === 0 ? {} : { $unset: Object.fromEntries(cleared) as Record<string, ''> }),
          $inc: { version: 1 },
        },
        { returnDocument: 'after' },
      )
      .lean<ConversationDocument | null>();
    return changed ? toConversation(changed) : undefined;
  }

  /** Index: _id. */
  async markHot(ids: readonly string[], until: Date): Promise<void> {
    await this.conversations.updateMany({ _id: { $in: [...ids] } }, { $max: { hot_until: until } });
  }

  /** Index: _id. */
  async clearHot(marks: readonly { id: string; hotUntil: Date }[]): Promise<void> {
    if (marks.length === 0) return;
    await this.conversations.collection.bulkWrite(
      marks.map(({ id, hotUntil }) => ({
        updateOne: {
          filter: { _id: id as never, hot_until: hotUntil },
          update: { $unset: { hot_until: '' }, $inc: { 'summary.receipts': 1 } },
        },
      })),
      { ordered: false },
    );
  }

  /** Index: _id. The guard on `summary.seq` makes every repetition harmless. */
  async moveSummaries(moves: readonly SummaryMove[]): Promise<void> {
    if (moves.length === 0) return;
    await this.conversations.collection.bulkWrite(
      moves.map((move) => ({
        updateOne: {
          filter: { _id: move.conversationId as never, 'summary.seq': { $lt: move.seq } },
          update: {
            $set: {
              'summary.seq': move.seq,
              'summary.last_id': move.lastId,
              'summary.last_at': move.lastAt,
              'summary.last_by': move.lastBy,
              activity_at: move.lastAt,
              updated_at: move.lastAt,
            },
            $inc: { 'summary.receipts': 1 },
          },
        },
      })),
      { ordered: false },
    );
  }

  /** Index: _id. */
  async moveMods(moves: readonly ModMove[]): Promise<void> {
    if (moves.length === 0) return;
    await this.conversations.collection.bulkWrite(
      moves.map(({ conversationId, mod }) => ({
        updateOne: {
          filter: { _id: conversationId as never, 'summary.mod': { $lt: mod } },
          update: { $set: { 'summary.mod': mod } },
        },
      })),
      { ordered: false },
    );
  }

  /** Index: _id. */
  async moveReceipts(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.conversations.updateMany({ _id: { $in: [...ids] } }, { $inc: { 'summary.receipts': 1 } });
  }

  /** Index: _id. */
  async raiseFloors(floors: ReadonlyMap<string, Heads>): Promise<void> {
    await this.conversations.collection.bulkWrite(
      [...floors].map(([id, { seq, mod }]) => ({
        updateOne: {
          filter: { _id: id as never },
          update: { $max: { floor_seq: seq, 'summary.seq': seq, 'summary.mod': mod } },
        },
      })),
      { ordered: false },
    );
  }
}
