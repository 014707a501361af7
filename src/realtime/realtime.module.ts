import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { Clock, SystemClock } from '../common/clock';
import { ConfigModule } from '../config/config.module';
import { ConversationsModule } from '../conversations/conversations.module';
import { DirectoryModule } from '../directory/directory.module';
import { EventsModule } from '../events/events.module';
import { MessageStoreModule } from '../message-store/message-store.module';
import { MessagesModule } from '../messages/messages.module';
import { NodeBusModule } from '../node-bus/node-bus.module';
import { PresenceModule } from '../presence/presence.module';
import { OpenViews } from './open-views';
import { RateLimitsModule } from '../rate-limits/rate-limits.module';
import { FanOutListener } from './fan-out.listener';
import { MessagingGateway } from './messaging.gateway';
import { PresenceListener } from './presence.listener';
import { SyncModule } from '../sync/sync.module';
import { UsersModule } from '../users/users.module';
import { ArrivalTeller } from './nodes/arrival-teller';
import { ConversationFeed } from './nodes/conversation-feed';
import { MessageOrder } from './nodes/message-order';
import { MissedMessages } from './nodes/missed-messages';
import { NodeRelay } from './nodes/node-relay';
import { RightsWatch } from './nodes/rights-watch';
import { SyncCaller } from './nodes/sync-caller';
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
    MessageStoreModule,
    MessagesModule,
    NodeBusModule,
    PresenceModule,
    RateLimitsModule,
    UsersModule,
  ],
  providers: [
    MessagingGateway,
    SocketSessions,
    OpenViews,
    TypingService,
    FanOutListener,
    NodeRelay,
    ArrivalTeller,
    ConversationFeed,
    MessageOrder,
    MissedMessages,
    RightsWatch,
    SyncCaller,
    PresenceListener,
    { provide: Clock, useClass: SystemClock },
  ],
})
export class RealtimeModule {}
