import { Module } from '@nestjs/common';
import { Clock, SystemClock } from '../common/clock';
import { ConfigModule } from '../config/config.module';
import { RedisModule } from '../redis/redis.module';
import { RateLimits } from './rate-limits';

@Module({
  imports: [ConfigModule, RedisModule],
  providers: [RateLimits, { provide: Clock, useClass: SystemClock }],
  exports: [RateLimits],
})
export class RateLimitsModule {}
