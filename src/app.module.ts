import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuditModule } from './audit/audit.module';
import { AuthModule } from './auth/auth.module';
import { JwtAuthGuard } from './auth/jwt-auth.guard';
import { ConversationsModule } from './conversations/conversations.module';
import { DirectoryModule } from './directory/directory.module';
import { HealthModule } from './health/health.module';
import { MessagesModule } from './messages/messages.module';
import { NotificationsModule } from './notifications/notifications.module';
import { OperationsModule } from './operations/operations.module';
import { RealtimeModule } from './realtime/realtime.module';
import { RetentionModule } from './retention/retention.module';
import { StatisticsModule } from './statistics/statistics.module';
import { SystemMessagesModule } from './system-messages/system-messages.module';
import { SyncModule } from './sync/sync.module';

/** Composition root. Nothing imports it but main and the tests. */
@Module({
  imports: [
    AuditModule,
    AuthModule,
    DirectoryModule,
    ConversationsModule,
    SyncModule,
    MessagesModule,
    SystemMessagesModule,
    NotificationsModule,
    RetentionModule,
    StatisticsModule,
    RealtimeModule,
    HealthModule,
    OperationsModule,
  ],
  providers: [{ provide: APP_GUARD, useExisting: JwtAuthGuard }],
})
export class AppModule {}
