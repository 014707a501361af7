import { Module } from '@nestjs/common';
import { Clock, SystemClock } from '../common/clock';
import { AppConfig } from '../config/app-config';
import { ConfigModule } from '../config/config.module';
import { RedisConnection } from '../redis/redis-connection';
import { RedisModule } from '../redis/redis.module';
import { ConnectionCounter } from './connection-counter';
import { ConnectionRegistry } from './connection-registry';
import { LiveActivity } from './live-activity';
import { LocalPresence } from './local-presence';
import { Presence } from './presence';
import { PresenceTimings } from './presence-timings';
import { SharedCounter } from './shared-counter';
import { SharedPeople } from './shared-people';
import { SharedPresence } from './shared-presence';

/** One process answers from its own sockets; with REDIS_URL from those of all nodes. */
@Module({
  imports: [ConfigModule, RedisModule],
  providers: [
    ConnectionRegistry,
    LiveActivity,
    PresenceTimings,
    {
      provide: SharedCounter,
      inject: [ConnectionRegistry],
      useFactory: (registry: ConnectionRegistry) => new SharedCounter(registry),
    },
    { provide: ConnectionCounter, useExisting: SharedCounter },
    {
      provide: Presence,
      inject: [ConnectionRegistry, SharedCounter, RedisConnection, AppConfig, PresenceTimings, Clock],
      useFactory: (
        registry: ConnectionRegistry,
        counter: SharedCounter,
        redis: RedisConnection,
        { websocket: { maxConnectionsPerUser }, store }: AppConfig,
        timings: PresenceTimings,
        clock: Clock,
      ): Presence => {
        const local = new LocalPresence(registry, maxConnectionsPerUser, timings.graceMs, clock);
        if (!redis.configured) return local;
        const people = new SharedPeople(redis, store.database, timings);
        return new SharedPresence(local, registry, people, counter, redis, maxConnectionsPerUser, timings);
      },
    },
    { provide: Clock, useClass: SystemClock },
  ],
  exports: [ConnectionRegistry, LiveActivity, ConnectionCounter, Presence],
})
export class PresenceModule {}
