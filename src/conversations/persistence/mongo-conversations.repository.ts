import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { isDuplicateKey } from '../../database/duplicate-key';
import type { Conversation, Membership } from '../conversation';
import { ConversationsRepository, type PositionMove, type SummaryMove } from '../conversations.repository';
import { fromConversation, fromMembership, toConversation, toMembership } from './conversation.mapper';
import { ConversationDocument } from './conversation.schema';
import { MembershipDocument, membershipId } from './membership.schema';

/** Read marks kept per member: how far back "read at" is exact. */
const KEPT_MARKS = 50;

@Injectable()
export class MongoConversationsRepository extends ConversationsRepository {
  constructor(
    @InjectModel(ConversationDocument.name) private readonly conversations: Model<ConversationDocument>,
    @InjectModel(MembershipDocument.name) private readonly memberships: Model<MembershipDocument>,
  ) {
    super();
  }

  /** Index: _id. */
  async findForParticipant(conversationId: string, userId: string): Promise<Conversation | undefined> {
    const found = await this.conversations
      .findOne({ _id: conversationId, participants: userId })
      .lean<ConversationDocument | null>();
    return found ? toConversation(found) : undefined;
  }

  /** Index: participant_activity. */
  async findPage(userId: string, skip: number, limit: number): Promise<Conversation[]> {
    const found = await this.conversations
      .find(this.listed(userId))
      .sort({ activity_at: -1 })
      .skip(skip)
      .limit(limit)
      .lean<ConversationDocument[]>();
    return found.map(toConversation);
  }

  /** Index: participant_activity. */
  countForParticipant(userId: string): Promise<number> {
    return this.conversations.countDocuments(this.listed(userId));
  }

  /** Index: participant_hot. */
  async findHotIds(userId: string): Promise<string[]> {
    const found = await this.conversations
      .find({ participants: userId, hot_until: { $exists: true } }, { _id: 1 })
      .lean<{ _id: string }[]>();
    return found.map(({ _id }) => _id);
  }

  /** Index: hot. */
  async findCooled(before: Date, limit: number): Promise<{ id: string; hotUntil: Date }[]> {
    const found = await this.conversations
      .find({ hot_until: { $exists: true, $lt: before } }, { hot_until: 1 })
      .sort({ hot_until: 1 })
      .limit(limit)
      .lean<{ _id: string; hot_until: Date }[]>();
    return found.map(({ _id, hot_until }) => ({ id: _id, hotUntil: hot_until }));
  }

  /** Index: _id. */
  async summarySeqs(ids: readonly string[]): Promise<Map<string, number>> {
    const found = await this.conversations
      .find({ _id: { $in: [...ids] } }, { 'summary.seq': 1 })
      .lean<{ _id: string; summary: { seq: number } }[]>();
    return new Map(found.map(({ _id, summary }) => [_id, summary.seq]));
  }

  async insert(conversation: Conversation, memberships: readonly Membership[]): Promise<boolean> {
    try {
      await this.memberships.collection.insertMany(memberships.map(fromMembership) as never[], { ordered: false });
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
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
    const found = await this.conversations.findById(conversationId).lean<ConversationDocument | null>();
    return found ? toConversation(found) : undefined;
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
        updateOne: { filter: { _id: id as never, hot_until: hotUntil }, update: { $unset: { hot_until: '' } } },
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

  /** Index: conversation. */
  async findMemberships(conversationId: string): Promise<Membership[]> {
    const found = await this.memberships.find({ conversation_id: conversationId }).lean<MembershipDocument[]>();
    return found.map(toMembership);
  }

  /** Index: _id. */
  async findMembershipsOf(pairs: readonly { conversationId: string; userId: string }[]): Promise<Membership[]> {
    const ids = pairs.map(({ conversationId, userId }) => membershipId(conversationId, userId));
    const found = await this.memberships.find({ _id: { $in: ids } }).lean<MembershipDocument[]>();
    return found.map(toMembership);
  }

  /** Index: _id. */
  async moveReadPositions(moves: readonly PositionMove[]): Promise<void> {
    if (moves.length === 0) return;
    await this.memberships.collection.bulkWrite(
      moves.map(({ conversationId, userId, seq, at }) => ({
        updateOne: {
          filter: { _id: membershipId(conversationId, userId) as never, read_seq: { $lt: seq } },
          update: {
            $set: { read_seq: seq, read_at: at },
            $max: { delivered_seq: seq },
            $push: { read_marks: { $each: [{ seq, at }], $slice: -KEPT_MARKS } } as never,
          },
        },
      })),
      { ordered: false },
    );
  }

  /** A conversation without messages is listed for its creator only (contract 2). */
  private listed(userId: string): { participants: string; $or: Record<string, unknown>[] } {
    return { participants: userId, $or: [{ 'summary.seq': { $gt: 0 } }, { created_by: userId }] };
  }
}
