import { Module } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { Clock, SystemClock } from '../common/clock';
import { ConfigModule } from '../config/config.module';
import { ConversationsModule } from '../conversations/conversations.module';
import { DatabaseModule } from '../database/database.module';
import { LocksModule } from '../database/locks.module';
import { EventsModule } from '../events/events.module';
import { MessageStoreModule } from '../message-store/message-store.module';
import { MetricsModule } from '../metrics/metrics.module';
import { PresenceModule } from '../presence/presence.module';
import { UsersModule } from '../users/users.module';
import { ActivityTracker } from './activity-tracker';
import { MessageRoller } from './message-roller';
import { MessageTotals } from './message-totals';
import { OwnStatisticsService } from './own-statistics.service';
import { PeakKeeper } from './peak-keeper';
import { MongoStatisticsRepository } from './persistence/mongo-statistics.repository';
import {
  MinuteDocument,
  MinuteSchema,
  PeakDocument,
  PeakSchema,
  SentCountDocument,
  SentCountSchema,
} from './persistence/statistics.schema';
import { ServiceStatisticsService } from './service-statistics.service';
import { StatisticsController } from './statistics.controller';
import { StatisticsRepository } from './statistics.repository';

/** Figures that are measured: derived from the message log and from what happens, never by a scan (docs/adr/0005). */
@Module({
  imports: [
    ConfigModule,
    ConversationsModule,
    DatabaseModule,
    EventsModule,
    LocksModule,
    MessageStoreModule,
    MetricsModule,
    PresenceModule,
    UsersModule,
    MongooseModule.forFeature([
      { name: MinuteDocument.name, schema: MinuteSchema },
      { name: SentCountDocument.name, schema: SentCountSchema },
      { name: PeakDocument.name, schema: PeakSchema },
    ]),
  ],
  controllers: [StatisticsController],
  providers: [
    OwnStatisticsService,
    ServiceStatisticsService,
    MessageTotals,
    MessageRoller,
    ActivityTracker,
    PeakKeeper,
    { provide: StatisticsRepository, useClass: MongoStatisticsRepository },
    { provide: Clock, useClass: SystemClock },
  ],
})
export class StatisticsModule {}
