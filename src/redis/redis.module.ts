import { Module } from '@nestjs/common';
import { AppConfig } from '../config/app-config';
import { ConfigModule } from '../config/config.module';
import { RedisConnection } from './redis-connection';
import { RedisStatus } from './redis-status';

/** The connection to Redis, for several nodes and for notification events. Nothing of it runs without REDIS_URL. */
@Module({
  imports: [ConfigModule],
  providers: [
    {
      provide: RedisConnection,
      inject: [AppConfig],
      useFactory: (config: AppConfig) => new RedisConnection(config.redisUrl),
    },
    { provide: RedisStatus, useExisting: RedisConnection },
  ],
  exports: [RedisConnection, RedisStatus],
})
export class RedisModule {}
