import { Module } from '@nestjs/common';
import { Clock, SystemClock } from '../common/clock';
import { UsersModule } from '../users/users.module';
import { ConnectionCounter } from './connection-counter';
import { ConnectionRegistry } from './connection-registry';
import { LiveActivity } from './live-activity';
import { LocalPresence } from './local-presence';
import { Presence } from './presence';

@Module({
  imports: [UsersModule],
  providers: [
    ConnectionRegistry,
    LiveActivity,
    { provide: ConnectionCounter, useExisting: ConnectionRegistry },
    { provide: Presence, useClass: LocalPresence },
    { provide: Clock, useClass: SystemClock },
  ],
  exports: [ConnectionRegistry, LiveActivity, ConnectionCounter, Presence],
})
export class PresenceModule {}
