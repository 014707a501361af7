import { Module } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { Clock, SystemClock } from '../common/clock';
import { ConfigModule } from '../config/config.module';
import { ConversationsModule } from '../conversations/conversations.module';
import { DatabaseModule } from '../database/database.module';
import { LocksModule } from '../database/locks.module';
import { MessageStoreModule } from '../message-store/message-store.module';
import { PresenceModule } from '../presence/presence.module';
import { RedisModule } from '../redis/redis.module';
import { UsersModule } from '../users/users.module';
import { NotificationRunner } from './notification-runner';
import { NotificationsRepository } from './notifications.repository';
import { Notifier } from './notifier';
import { MongoNotificationsRepository } from './persistence/mongo-notifications.repository';
import {
  NotificationDocument,
  NotificationProgressDocument,
  NotificationProgressSchema,
  NotificationSchema,
} from './persistence/notification.schema';

/** Events for notification-service about messages that reached nobody. Runs only where REDIS_URL is set. */
@Module({
  imports: [
    ConfigModule,
    ConversationsModule,
    DatabaseModule,
    LocksModule,
    MessageStoreModule,
    PresenceModule,
    RedisModule,
    UsersModule,
    MongooseModule.forFeature([
      { name: NotificationDocument.name, schema: NotificationSchema },
      { name: NotificationProgressDocument.name, schema: NotificationProgressSchema },
    ]),
  ],
  providers: [
    NotificationRunner,
    Notifier,
    { provide: NotificationsRepository, useClass: MongoNotificationsRepository },
    { provide: Clock, useClass: SystemClock },
  ],
})
export class NotificationsModule {}
