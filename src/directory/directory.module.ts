import { Module } from '@nestjs/common';
import { UsersModule } from '../users/users.module';
import { DirectoryController } from './directory.controller';

/** REST door of the directory; apart from users/, because a door asks auth and auth asks users. */
@Module({ imports: [UsersModule], controllers: [DirectoryController] })
export class DirectoryModule {}
