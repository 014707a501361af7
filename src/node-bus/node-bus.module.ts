import { Module } from '@nestjs/common';
import { AppConfig } from '../config/app-config';
import { ConfigModule } from '../config/config.module';
import { RedisConnection } from '../redis/redis-connection';
import { RedisModule } from '../redis/redis.module';
import { NodeBus } from './node-bus';

/** What the nodes of one store tell each other. */
@Module({
  imports: [ConfigModule, RedisModule],
  providers: [
    {
      provide: NodeBus,
      inject: [RedisConnection, AppConfig],
      useFactory: (redis: RedisConnection, { store }: AppConfig) => new NodeBus(redis, store.database),
    },
  ],
  exports: [NodeBus],
})
export class NodeBusModule {}
