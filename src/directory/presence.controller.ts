import { Body, Controller, Get, Param, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, CurrentActor } from '../auth/decorators';
import type { Actor } from '../common/actor';
import type { OwnStatusPayload, UserStatusPayload, WebsocketStats } from '../contract/payloads';
import { Answers } from '../openapi/answers';
import { OwnStatusSchema, UserStatusSchema, WebsocketStatsSchema } from '../openapi/user.schema';
import { ConnectionCounter } from '../presence/connection-counter';
import { LiveActivity } from '../presence/live-activity';
import { OnlineUsersDto, OwnPresenceDto } from './dto/people.dto';
import { PeopleService } from './people.service';

@ApiTags('presence')
@Authenticated()
@Controller('api/v1')
export class PresenceController {
  constructor(
    private readonly people: PeopleService,
    private readonly connections: ConnectionCounter,
    private readonly activity: LiveActivity,
  ) {}

  @Get('presence/me')
  @ApiOperation({ summary: 'One’s own status, connections and notification settings' })
  @Answers({ type: OwnStatusSchema, ok: { 200: 'The status.' } })
  own(@CurrentActor() actor: Actor): Promise<OwnStatusPayload> {
    return this.people.ownStatus(actor);
  }

  @Put('presence/me')
  @ApiOperation({ summary: 'Choose how one is shown while connected, and what one is notified by' })
  @Answers({ type: OwnStatusSchema, ok: { 200: 'The status as it stands now.' }, body: true })
  change(@CurrentActor() actor: Actor, @Body() dto: OwnPresenceDto): Promise<OwnStatusPayload> {
    return this.people.changeOwn(actor, dto);
  }

  @Get('presence/:user_id')
  @ApiOperation({ summary: 'The status of somebody whom one may write to or shares a conversation with' })
  @Answers({ type: UserStatusSchema, ok: { 200: 'The status.' }, errors: ['RECIPIENT_NOT_FOUND'] })
  status(@CurrentActor() actor: Actor, @Param('user_id') userId: string): Promise<UserStatusPayload> {
    return this.people.status(actor, userId);
  }

  @Get('messages/online-users')
  @ApiOperation({ summary: 'Who is online, among those whom one may write to or shares a conversation with' })
  @Answers({ type: UserStatusSchema, isArray: true, ok: { 200: 'In no order.' }, errors: ['VALIDATION_FAILED'] })
  online(@CurrentActor() actor: Actor, @Query() query: OnlineUsersDto): Promise<UserStatusPayload[]> {
    return this.people.online(actor, query);
  }

  @Get('messages/websocket/stats')
  @Authenticated('admin')
  @ApiOperation({ summary: 'Connections of now, for administrators' })
  @Answers({ type: WebsocketStatsSchema, ok: { 200: 'The counts.' } })
  stats(): WebsocketStats {
    return { ...this.connections.counts(), ...this.activity.counts() };
  }
}
