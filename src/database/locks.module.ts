import { Module } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { Clock, SystemClock } from '../common/clock';
import { DatabaseModule } from './database.module';
import { LockDocument, LockSchema } from './lock.schema';
import { Locks } from './locks';

@Module({
  imports: [DatabaseModule, MongooseModule.forFeature([{ name: LockDocument.name, schema: LockSchema }])],
  providers: [Locks, { provide: Clock, useClass: SystemClock }],
  exports: [Locks],
})
export class LocksModule {}
