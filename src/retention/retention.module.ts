import { Module } from '@nestjs/common';
import { Clock, SystemClock } from '../common/clock';
import { ConversationsModule } from '../conversations/conversations.module';
import { LocksModule } from '../database/locks.module';
import { MessageStoreModule } from '../message-store/message-store.module';
import { RetentionRunner } from './retention-runner';

/** Takes expired messages off the disk (contract 6.7). What has expired, `message-store` says. */
@Module({
  imports: [ConversationsModule, LocksModule, MessageStoreModule],
  providers: [RetentionRunner, { provide: Clock, useClass: SystemClock }],
})
export class RetentionModule {}
