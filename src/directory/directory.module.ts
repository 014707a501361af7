import { Module } from '@nestjs/common';
import { Clock, SystemClock } from '../common/clock';
import { ConfigModule } from '../config/config.module';
import { LocksModule } from '../database/locks.module';
import { UsersModule } from '../users/users.module';
import { DirectoryController } from './directory.controller';
import { DirectorySync } from './directory-sync';

/** REST door of the directory and its clockwork; apart from users/, because a door asks auth and auth asks users. */
@Module({
  imports: [ConfigModule, LocksModule, UsersModule],
  controllers: [DirectoryController],
  providers: [DirectorySync, { provide: Clock, useClass: SystemClock }],
})
export class DirectoryModule {}
