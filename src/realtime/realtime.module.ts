import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { Clock, SystemClock } from '../common/clock';
import { ConfigModule } from '../config/config.module';
import { ConversationsModule } from '../conversations/conversations.module';
import { DirectoryModule } from '../directory/directory.module';
import { EventsModule } from '../events/events.module';
import { MessagesModule } from '../messages/messages.module';
import { PresenceModule } from '../presence/presence.module';
import { ConversationViews } from './conversation-views';
import { RateLimitsModule } from '../rate-limits/rate-limits.module';
import { FanOutListener } from './fan-out.listener';
import { MessagingGateway } from './messaging.gateway';
import { SyncModule } from '../sync/sync.module';
import { SocketSessions } from './socket-sessions';
import { TypingService } from './typing.service';

/** The doors of live clients. Needs RealtimeAdapter to be set on the application. */
@Module({
  imports: [
    SyncModule,
    AuthModule,
    ConfigModule,
    ConversationsModule,
    DirectoryModule,
    EventsModule,
    MessagesModule,
    PresenceModule,
    RateLimitsModule,
  ],
  providers: [
    MessagingGateway,
    SocketSessions,
    ConversationViews,
    TypingService,
    FanOutListener,
    { provide: Clock, useClass: SystemClock },
  ],
})
export class RealtimeModule {}
