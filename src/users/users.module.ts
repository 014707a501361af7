import { Module } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { AuditModule } from '../audit/audit.module';
import { Clock, SystemClock } from '../common/clock';
import { ConfigModule } from '../config/config.module';
import { DatabaseModule } from '../database/database.module';
import { EventsModule } from '../events/events.module';
import { MongoUsersRepository } from './persistence/mongo-users.repository';
import { MongoRightsJournal } from './persistence/mongo-rights-journal';
import { RightsJournalDocument, RightsJournalSchema } from './persistence/rights-journal.schema';
import { UserStatusDocument, UserStatusSchema } from './persistence/user-status.schema';
import { AdminRoster } from './admin-roster';
import { PersonLookup } from './person-lookup';
import { RightsJournal } from './rights-journal';
import { UsersRepository } from './users.repository';
import { UsersService } from './users.service';

@Module({
  imports: [
    AuditModule,
    ConfigModule,
    DatabaseModule,
    EventsModule,
    MongooseModule.forFeature([
      { name: UserStatusDocument.name, schema: UserStatusSchema },
      { name: RightsJournalDocument.name, schema: RightsJournalSchema },
    ]),
  ],
  providers: [
    UsersService,
    AdminRoster,
    PersonLookup,
    { provide: Clock, useClass: SystemClock },
    { provide: RightsJournal, useClass: MongoRightsJournal },
    { provide: UsersRepository, useClass: MongoUsersRepository },
  ],
  exports: [UsersService, AdminRoster, RightsJournal],
})
export class UsersModule {}
