import { Module } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { Clock, SystemClock } from '../common/clock';
import { ConfigModule } from '../config/config.module';
import { DatabaseModule } from '../database/database.module';
import { EventsModule } from '../events/events.module';
import { MessageStoreModule } from '../message-store/message-store.module';
import { PresenceModule } from '../presence/presence.module';
import { UsersModule } from '../users/users.module';
import { ConversationAnnouncer } from './conversation-announcer';
import { ConversationChanges } from './conversation-changes';
import { CirclesRepository } from './circles.repository';
import { Companions } from './companions';
import { Contacts } from './contacts';
import { ConversationReader } from './conversation-reader';
import { ConversationViews } from './conversation-views';
import { ConversationsController } from './conversations.controller';
import { ConversationsRepository } from './conversations.repository';
import { ConversationsService } from './conversations.service';
import { ConversationDocument, ConversationSchema } from './persistence/conversation.schema';
import { MembershipDocument, MembershipSchema } from './persistence/membership.schema';
import { MongoCirclesRepository } from './persistence/mongo-circles.repository';
import { MongoMembershipsRepository } from './persistence/mongo-memberships.repository';
import { MongoConversationsRepository } from './persistence/mongo-conversations.repository';
import { MembershipsRepository } from './memberships.repository';
import { OwnPositions } from './own-positions';
import { OwnViewService } from './own-view.service';
import { SummarySettler } from './summary-settler';
import { UnreadCounter } from './unread-counter';
import { VersionLookup } from './version-lookup';

@Module({
  imports: [
    ConfigModule,
    DatabaseModule,
    EventsModule,
    MessageStoreModule,
    PresenceModule,
    UsersModule,
    MongooseModule.forFeature([
      { name: ConversationDocument.name, schema: ConversationSchema },
      { name: MembershipDocument.name, schema: MembershipSchema },
    ]),
  ],
  controllers: [ConversationsController],
  providers: [
    ConversationsService,
    Companions,
    Contacts,
    ConversationReader,
    ConversationViews,
    ConversationAnnouncer,
    ConversationChanges,
    OwnPositions,
    OwnViewService,
    SummarySettler,
    UnreadCounter,
    VersionLookup,
    { provide: CirclesRepository, useClass: MongoCirclesRepository },
    { provide: ConversationsRepository, useClass: MongoConversationsRepository },
    { provide: MembershipsRepository, useClass: MongoMembershipsRepository },
    { provide: Clock, useClass: SystemClock },
  ],
  exports: [
    Companions,
    Contacts,
    ConversationsService,
    ConversationReader,
    ConversationViews,
    OwnPositions,
    SummarySettler,
    UnreadCounter,
    ConversationsRepository,
    MembershipsRepository,
  ],
})
export class ConversationsModule {}
