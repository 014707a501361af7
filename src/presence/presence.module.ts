import { Module } from '@nestjs/common';
import { Clock, SystemClock } from '../common/clock';
import { AppConfig } from '../config/app-config';
import { ConfigModule } from '../config/config.module';
import { ConnectionCounter } from './connection-counter';
import { ConnectionRegistry } from './connection-registry';
import { LiveActivity } from './live-activity';
import { LocalPresence } from './local-presence';
import { Presence } from './presence';
import { PresenceTimings } from './presence-timings';

@Module({
  imports: [ConfigModule],
  providers: [
    ConnectionRegistry,
    LiveActivity,
    PresenceTimings,
    { provide: ConnectionCounter, useExisting: ConnectionRegistry },
    {
      provide: Presence,
      inject: [ConnectionRegistry, AppConfig, PresenceTimings, Clock],
      useFactory: (
        registry: ConnectionRegistry,
        { websocket }: AppConfig,
        { graceMs }: PresenceTimings,
        clock: Clock,
      ) => new LocalPresence(registry, websocket.maxConnectionsPerUser, graceMs, clock),
    },
    { provide: Clock, useClass: SystemClock },
  ],
  exports: [ConnectionRegistry, LiveActivity, ConnectionCounter, Presence],
})
export class PresenceModule {}
