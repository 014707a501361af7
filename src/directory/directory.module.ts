import { Module } from '@nestjs/common';
import { Clock, SystemClock } from '../common/clock';
import { ConfigModule } from '../config/config.module';
import { LocksModule } from '../database/locks.module';
import { ConversationsModule } from '../conversations/conversations.module';
import { EventsModule } from '../events/events.module';
import { NodeBusModule } from '../node-bus/node-bus.module';
import { PresenceModule } from '../presence/presence.module';
import { UsersModule } from '../users/users.module';
import { DirectoryController } from './directory.controller';
import { DirectorySync } from './directory-sync';
import { PeopleService } from './people.service';
import { PresenceAnnouncer } from './presence-announcer';
import { PresenceController } from './presence.controller';

/** REST door of the directory and its clockwork; apart from users/, because a door asks auth and auth asks users. */
@Module({
  imports: [ConfigModule, ConversationsModule, EventsModule, LocksModule, NodeBusModule, PresenceModule, UsersModule],
  controllers: [DirectoryController, PresenceController],
  providers: [DirectorySync, PeopleService, PresenceAnnouncer, { provide: Clock, useClass: SystemClock }],
  exports: [PeopleService],
})
export class DirectoryModule {}
