import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { type Circle, CirclesRepository } from '../circles.repository';
import { ConversationDocument } from './conversation.schema';

type CircleDocument = Pick<ConversationDocument, 'participants' | 'audience'>;
const CIRCLE = { participants: 1, audience: 1, _id: 0 } as const;

@Injectable()
export class MongoCirclesRepository extends CirclesRepository {
  constructor(@InjectModel(ConversationDocument.name) private readonly conversations: Model<ConversationDocument>) {
    super();
  }

  /** Index: participant_recent. A place above the last allowed one means that the group is larger. */
  async findOf(userIds: readonly string[], maxParticipants: number, limit: number): Promise<Circle[]> {
    const found = await this.conversations
      .find({ participants: { $in: [...userIds] }, [`participants.${maxParticipants}`]: { $exists: false } }, CIRCLE)
      .limit(limit)
      .lean<CircleDocument[]>();
    return found.map(({ participants, audience }) => ({ participants, audience: audience ?? null }));
  }

  /** Index: audience_participants. */
  async findInSupport(userIds: readonly string[]): Promise<string[]> {
    const asked = new Set(userIds);
    const found = await this.conversations
      .find({ audience: 'admins', participants: { $in: [...userIds] } }, CIRCLE)
      .lean<CircleDocument[]>();
    return [...new Set(found.flatMap(({ participants }) => participants.filter((id) => asked.has(id))))];
  }
}
