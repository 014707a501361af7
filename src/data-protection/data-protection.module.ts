import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module';
import { Clock, SystemClock } from '../common/clock';
import { ConversationsModule } from '../conversations/conversations.module';
import { MessageStoreModule } from '../message-store/message-store.module';
import { MessagesModule } from '../messages/messages.module';
import { UsersModule } from '../users/users.module';
import { Erasure } from './erasure';
import { PersonExport } from './person-export';

/** What a person may ask of their data. No route leads here: an operator does it by command. */
@Module({
  imports: [AuditModule, ConversationsModule, MessageStoreModule, MessagesModule, UsersModule],
  providers: [Erasure, PersonExport, { provide: Clock, useClass: SystemClock }],
  exports: [Erasure, PersonExport],
})
export class DataProtectionModule {}
