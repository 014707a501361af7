import { Module } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { Clock, SystemClock } from '../common/clock';
import { ConversationsModule } from '../conversations/conversations.module';
import { DatabaseModule } from '../database/database.module';
import { MessageStoreModule } from '../message-store/message-store.module';
import { ConversationDelta } from './conversation-delta';
import { EndedStays } from './ended-stays';
import { MongoSyncPointsRepository } from './persistence/mongo-sync-points.repository';
import { SyncPointDocument, SyncPointSchema } from './persistence/sync-point.schema';
import { SyncController } from './sync.controller';
import { SyncPointsRepository } from './sync-points.repository';
import { SyncService } from './sync.service';

/** What a client missed: changes since a cursor. */
@Module({
  imports: [
    ConversationsModule,
    DatabaseModule,
    MessageStoreModule,
    MongooseModule.forFeature([{ name: SyncPointDocument.name, schema: SyncPointSchema }]),
  ],
  controllers: [SyncController],
  providers: [
    SyncService,
    ConversationDelta,
    EndedStays,
    { provide: SyncPointsRepository, useClass: MongoSyncPointsRepository },
    { provide: Clock, useClass: SystemClock },
  ],
  exports: [SyncService],
})
export class SyncModule {}
