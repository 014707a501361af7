import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { isDuplicateKey } from '../../database/duplicate-key';
import { rows } from '../../database/rows';
import type { Membership } from '../conversation';
import { type MembershipPair, MembershipsRepository, type PositionMove } from '../memberships.repository';
import { fromMembership, toMembership } from './conversation.mapper';
import { MembershipDocument, membershipId } from './membership.schema';

/** Read marks kept per member: how far back "read at" is exact. */
const KEPT_MARKS = 50;
/** What a membership may hold and one that begins does not. */
const OF_ONE_STAY = ['read_at', 'delivered_marks', 'archived_seq', 'muted_until', 'role_begin'] as const;

@Injectable()
export class MongoMembershipsRepository extends MembershipsRepository {
  constructor(@InjectModel(MembershipDocument.name) private readonly model: Model<MembershipDocument>) {
    super();
  }

  /** Index: conversation. */
  async findIn(conversationId: string): Promise<Membership[]> {
    const found = await rows<MembershipDocument>(this.model, { conversation_id: conversationId });
    return found.map(toMembership);
  }

  /** Index: conversation. */
  async findInEach(conversationIds: readonly string[]): Promise<Map<string, Membership[]>> {
    const found = await rows<MembershipDocument>(this.model, { conversation_id: { $in: [...conversationIds] } });
    const byConversation = new Map<string, Membership[]>();
    for (const membership of found.map(toMembership)) {
      const some = byConversation.get(membership.conversationId);
      if (some) some.push(membership);
      else byConversation.set(membership.conversationId, [membership]);
    }
    return byConversation;
  }

  /** Index: _id. */
  async findPairs(pairs: readonly MembershipPair[]): Promise<Membership[]> {
    const ids = pairs.map(({ conversationId, userId }) => membershipId(conversationId, userId));
    const found = await rows<MembershipDocument>(this.model, { _id: { $in: ids } });
    return found.map(toMembership);
  }

  /** Index: user. */
  async findOfUser(userId: string): Promise<Membership[]> {
    const found = await rows<MembershipDocument>(this.model, { user_id: userId });
    return found.map(toMembership);
  }

  /** Index: user_archived. */
  async findArchived(userId: string): Promise<Membership[]> {
    const filter = { user_id: userId, archived_seq: { $exists: true } };
    const found = await rows<MembershipDocument>(this.model, filter);
    return found.map(toMembership);
  }

  /** Index: user_left. */
  async findLeft(userId: string, from: Date): Promise<string[]> {
    const filter = { user_id: userId, left_at: { $exists: true, $gte: from } };
    const found = await rows<Pick<MembershipDocument, 'conversation_id'>>(this.model, filter, {
      projection: { conversation_id: 1 },
    });
    return found.map(({ conversation_id }) => conversation_id);
  }

  /** Index: _id. No replacement: `left_at` stays. */
  async start(memberships: readonly Membership[]): Promise<void> {
    await this.model.collection.bulkWrite(
      memberships.map((membership) => {
        const { _id, ...fields } = fromMembership(membership);
        const gone = OF_ONE_STAY.filter((field) => fields[field] === undefined);
        const update = { $set: fields, $unset: Object.fromEntries(gone.map((field) => [field, ''])) };
        return { updateOne: { filter: { _id: _id as never }, update: update as never, upsert: true } };
      }),
      { ordered: false },
    );
  }

  async add(memberships: readonly Membership[]): Promise<void> {
    try {
      await this.model.collection.insertMany(memberships.map(fromMembership) as never[], { ordered: false });
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
  }

  /** Index: _id. */
  async leave(conversationId: string, userId: string, at: Date): Promise<void> {
    await this.model.updateOne({ _id: membershipId(conversationId, userId) }, { $max: { left_at: at } });
  }

  /** Index: _id. */
  async setArchived(conversationId: string, userId: string, seq: number | null): Promise<void> {
    const update = seq === null ? { $unset: { archived_seq: '' as const } } : { $set: { archived_seq: seq } };
    await this.model.updateOne({ _id: membershipId(conversationId, userId) }, update);
  }

  /** Index: _id. */
  async setMuted(conversationId: string, userId: string, until: Date | null): Promise<void> {
    const update = until === null ? { $unset: { muted_until: '' as const } } : { $set: { muted_until: until } };
    await this.model.updateOne({ _id: membershipId(conversationId, userId) }, update);
  }

  /** Index: _id. `$max`: who knows of an earlier beginning only may come late. */
  async beginRole({ conversationId, userId, seq, at }: PositionMove): Promise<void> {
    const update = { $max: { 'role_begin.seq': seq, 'role_begin.at': at } };
    await this.model.updateOne({ _id: membershipId(conversationId, userId) }, update);
  }

  /** Index: _id. */
  async moveReadPositions(moves: readonly PositionMove[]): Promise<void> {
    if (moves.length === 0) return;
    await this.model.collection.bulkWrite(
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

  /** Index: _id. */
  async moveDeliveredPositions(moves: readonly PositionMove[]): Promise<void> {
    if (moves.length === 0) return;
    await this.model.collection.bulkWrite(
      moves.map(({ conversationId, userId, seq, at }) => ({
        updateOne: {
          filter: { _id: membershipId(conversationId, userId) as never, delivered_seq: { $lt: seq } },
          update: {
            $set: { delivered_seq: seq },
            $push: { delivered_marks: { $each: [{ seq, at }], $slice: -KEPT_MARKS } } as never,
          },
        },
      })),
      { ordered: false },
    );
  }
}
