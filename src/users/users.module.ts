import { Module } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { DatabaseModule } from '../database/database.module';
import { EventsModule } from '../events/events.module';
import { AdminRoster } from './admin-roster';
import { MongoUsersRepository } from './persistence/mongo-users.repository';
import { UserStatusDocument, UserStatusSchema } from './persistence/user-status.schema';
import { UsersRepository } from './users.repository';
import { UsersService } from './users.service';

@Module({
  imports: [
    DatabaseModule,
    EventsModule,
    MongooseModule.forFeature([{ name: UserStatusDocument.name, schema: UserStatusSchema }]),
  ],
  providers: [UsersService, AdminRoster, { provide: UsersRepository, useClass: MongoUsersRepository }],
  exports: [UsersService, AdminRoster],
})
export class UsersModule {}
