import { Module } from '@nestjs/common';
import { Clock, SystemClock } from '../common/clock';
import { ConfigModule } from '../config/config.module';
import { DatabaseModule } from '../database/database.module';
import { EventsModule } from '../events/events.module';
import { MetricsModule } from '../metrics/metrics.module';
import { PresenceModule } from '../presence/presence.module';
import { RedisModule } from '../redis/redis.module';
import { MetricsListener } from './metrics.listener';
import { OperationsController } from './operations.controller';

@Module({
  imports: [ConfigModule, DatabaseModule, EventsModule, MetricsModule, PresenceModule, RedisModule],
  controllers: [OperationsController],
  providers: [MetricsListener, { provide: Clock, useClass: SystemClock }],
})
export class OperationsModule {}
