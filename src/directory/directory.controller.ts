import { Body, Controller, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, CurrentActor, CurrentCaller } from '../auth/decorators';
import type { Actor, Caller } from '../common/actor';
import type { UserStatusPayload } from '../contract/payloads';
import { Answers } from '../openapi/answers';
import { DirectorySyncedSchema, UserStatusSchema } from '../openapi/user.schema';
import { SyncUserDto, SyncUsersDto } from '../users/dto/sync-users.dto';
import { UsersService } from '../users/users.service';
import { SearchPeopleDto } from './dto/people.dto';
import { PeopleService } from './people.service';

@ApiTags('users')
@Controller('api/v1/users')
export class DirectoryController {
  constructor(
    private readonly users: UsersService,
    private readonly people: PeopleService,
  ) {}

  @Get()
  @Authenticated()
  @ApiOperation({ summary: 'People whom one may write to, by the beginning of their first or last name' })
  @Answers({ type: UserStatusSchema, isArray: true, ok: { 200: 'By name.' }, errors: ['VALIDATION_FAILED'] })
  search(@CurrentActor() actor: Actor, @Query() query: SearchPeopleDto): Promise<UserStatusPayload[]> {
    return this.people.search(actor, query);
  }

  @Get(':user_id')
  @Authenticated()
  @ApiOperation({ summary: 'Somebody whom one may write to' })
  @Answers({ type: UserStatusSchema, ok: { 200: 'The person.' }, errors: ['RECIPIENT_NOT_FOUND'] })
  get(@CurrentActor() actor: Actor, @Param('user_id') userId: string): Promise<UserStatusPayload> {
    return this.people.get(actor, userId);
  }

  /** Directory sync by an administrator or a sibling service: upsert, at most 1,000 a call. */
  @Put()
  @HttpCode(200)
  @Authenticated('admin', 'service')
  @ApiOperation({ summary: 'Tell the directory who is who' })
  @Answers({ type: DirectorySyncedSchema, ok: { 200: 'All of them.' }, body: true })
  async sync(@CurrentCaller() caller: Caller, @Body() dto: SyncUsersDto): Promise<DirectorySyncedSchema> {
    await this.users.sync(
      dto.users.map((user) => SyncUserDto.toPerson(user)),
      caller.userId,
    );
    return { upserted: dto.users.length };
  }
}
