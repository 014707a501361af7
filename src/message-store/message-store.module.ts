import { Module } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { DatabaseModule } from '../database/database.module';
import { MessagesRepository } from './messages.repository';
import { MessageDocument, MessageSchema } from './persistence/message.schema';
import { MongoMessagesRepository } from './persistence/mongo-messages.repository';

/** Messages as stored. Below conversations, because a conversation's summary is derived from its messages. */
@Module({
  imports: [DatabaseModule, MongooseModule.forFeature([{ name: MessageDocument.name, schema: MessageSchema }])],
  providers: [{ provide: MessagesRepository, useClass: MongoMessagesRepository }],
  exports: [MessagesRepository],
})
export class MessageStoreModule {}
