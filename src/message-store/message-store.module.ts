import { Module } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { Clock, SystemClock } from '../common/clock';
import { ConfigModule } from '../config/config.module';
import { DatabaseModule } from '../database/database.module';
import { MessageTimeline } from './message-timeline';
import { MessagesRepository } from './messages.repository';
import { MessageDocument, MessageSchema } from './persistence/message.schema';
import { MongoMessageTimeline } from './persistence/mongo-message-timeline';
import { MongoMessagesRepository } from './persistence/mongo-messages.repository';
import { Retention } from './retention';

/** Messages as stored. Below conversations, because a conversation's summary is derived from its messages. */
@Module({
  imports: [
    ConfigModule,
    DatabaseModule,
    MongooseModule.forFeature([{ name: MessageDocument.name, schema: MessageSchema }]),
  ],
  providers: [
    Retention,
    { provide: MessagesRepository, useClass: MongoMessagesRepository },
    { provide: MessageTimeline, useClass: MongoMessageTimeline },
    { provide: Clock, useClass: SystemClock },
  ],
  exports: [MessagesRepository, MessageTimeline, Retention],
})
export class MessageStoreModule {}
