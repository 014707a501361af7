import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { NotificationsRepository, type Told } from '../notifications.repository';
import { NotificationDocument, NotificationProgressDocument } from './notification.schema';

const PROGRESS_ID = 'messages';

const pairId = ({ conversationId, userId }: Told): string => `${conversationId}/${userId}`;

@Injectable()
export class MongoNotificationsRepository extends NotificationsRepository {
  constructor(
    @InjectModel(NotificationDocument.name) private readonly told: Model<NotificationDocument>,
    @InjectModel(NotificationProgressDocument.name) private readonly state: Model<NotificationProgressDocument>,
  ) {
    super();
  }

  /** Index: _id. */
  async progress(): Promise<Date | undefined> {
    const found = await this.state.findById(PROGRESS_ID).lean<NotificationProgressDocument | null>();
    return found?.up_to;
  }

  /** Index: _id. */
  async moveProgress(to: Date): Promise<void> {
    await this.state.updateOne({ _id: PROGRESS_ID }, { $max: { up_to: to } }, { upsert: true });
  }

  /** Index: _id. */
  async toldSince(conversationId: string, userIds: readonly string[], since: Date): Promise<Set<string>> {
    const ids = userIds.map((userId) => pairId({ conversationId, userId }));
    const found = await this.told
      .find({ _id: { $in: ids }, at: { $gt: since } }, { user_id: 1 })
      .lean<Pick<NotificationDocument, 'user_id'>[]>();
    return new Set(found.map(({ user_id }) => user_id));
  }

  /** Index: _id. */
  async remember(told: readonly Told[], at: Date): Promise<void> {
    if (told.length === 0) return;
    await this.told.collection.bulkWrite(
      told.map((pair) => ({
        updateOne: {
          filter: { _id: pairId(pair) as never },
          update: { $set: { user_id: pair.userId, at } },
          upsert: true,
        },
      })),
      { ordered: false },
    );
  }

  /** Index: at. */
  async forgetBefore(at: Date): Promise<void> {
    await this.told.deleteMany({ at: { $lt: at } });
  }
}
