import { Module } from '@nestjs/common';
import { ConfigModule } from '../config/config.module';
import { ConversationsModule } from '../conversations/conversations.module';
import { MessagesModule } from '../messages/messages.module';
import { RateLimitsModule } from '../rate-limits/rate-limits.module';
import { UsersModule } from '../users/users.module';
import { SystemMessagesController } from './system-messages.controller';
import { SystemMessagesService } from './system-messages.service';

@Module({
  imports: [ConfigModule, ConversationsModule, MessagesModule, RateLimitsModule, UsersModule],
  controllers: [SystemMessagesController],
  providers: [SystemMessagesService],
})
export class SystemMessagesModule {}
