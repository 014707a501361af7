import { Module } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { Clock, SystemClock } from '../common/clock';
import { DatabaseModule } from '../database/database.module';
import { AuditLog } from './audit-log';
import { AuditRepository } from './audit.repository';
import { AuditDocument, AuditSchema } from './persistence/audit.schema';
import { MongoAuditRepository } from './persistence/mongo-audit.repository';

/** Below every feature: whoever touches another person's data calls it. */
@Module({
  imports: [DatabaseModule, MongooseModule.forFeature([{ name: AuditDocument.name, schema: AuditSchema }])],
  providers: [
    AuditLog,
    { provide: AuditRepository, useClass: MongoAuditRepository },
    { provide: Clock, useClass: SystemClock },
  ],
  exports: [AuditLog],
})
export class AuditModule {}
