import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module';
import { Clock, SystemClock } from '../common/clock';
import { ConfigModule } from '../config/config.module';
import { ConversationsModule } from '../conversations/conversations.module';
import { EventsModule } from '../events/events.module';
import { MessageStoreModule } from '../message-store/message-store.module';
import { NodeBusModule } from '../node-bus/node-bus.module';
import { RateLimitsModule } from '../rate-limits/rate-limits.module';
import { UsersModule } from '../users/users.module';
import { DeliveryService } from './delivery.service';
import { FairTurns } from './fair-turns';
import { HistoryService } from './history.service';
import { MessageAccess } from './message-access';
import { MessageChanger } from './message-changer';
import { MessageChangesService } from './message-changes.service';
import { MessageLog } from './message-log';
import { MessagesController } from './messages.controller';
import { MessagesService } from './messages.service';
import { ReadAllController } from './read-all.controller';
import { ReadAllService } from './read-all.service';
import { ReceiptsService } from './receipts.service';
import { WritingRights } from './writing-rights';

@Module({
  imports: [
    AuditModule,
    ConfigModule,
    ConversationsModule,
    EventsModule,
    MessageStoreModule,
    NodeBusModule,
    RateLimitsModule,
    UsersModule,
  ],
  controllers: [MessagesController, ReadAllController],
  providers: [
    MessagesService,
    HistoryService,
    ReceiptsService,
    DeliveryService,
    ReadAllService,
    MessageChangesService,
    MessageAccess,
    MessageChanger,
    MessageLog,
    FairTurns,
    WritingRights,
    { provide: Clock, useClass: SystemClock },
  ],
  exports: [MessageChanger, MessagesService, MessageChangesService, DeliveryService, ReceiptsService],
})
export class MessagesModule {}
