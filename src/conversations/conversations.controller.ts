import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  HttpStatus,
  Param,
  Patch,
  Post,
  Put,
  Query,
  Res,
} from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Authenticated, CurrentActor } from '../auth/decorators';
import type { Actor } from '../common/actor';
import type { ConversationPage, ConversationPayload, ParticipantRemoved } from '../contract/payloads';
import { Answers } from '../openapi/answers';
import { ConversationPageSchema, ConversationSchema, ParticipantRemovedSchema } from '../openapi/conversation.schema';
import { ConversationChanges } from './conversation-changes';
import { ConversationViews } from './conversation-views';
import { ConversationsService } from './conversations.service';
import { AddParticipantsDto } from './dto/add-participants.dto';
import { ChangeConversationDto } from './dto/change-conversation.dto';
import { CreateConversationDto } from './dto/create-conversation.dto';
import { ListConversationsDto } from './dto/list-conversations.dto';
import { ArchiveDto, MuteDto } from './dto/own-view.dto';
import { OwnViewService } from './own-view.service';

@ApiTags('conversations')
@Authenticated()
@Controller('api/v1/messages/conversations')
export class ConversationsController {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly changes: ConversationChanges,
    private readonly ownViews: OwnViewService,
    private readonly views: ConversationViews,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The caller’s conversations, latest first' })
  @Answers({ type: ConversationPageSchema, ok: { 200: 'The page.' }, errors: ['VALIDATION_FAILED'] })
  list(@CurrentActor() actor: Actor, @Query() query: ListConversationsDto): Promise<ConversationPage> {
    return this.views.list(actor.userId, query);
  }

  @Post()
  @ApiOperation({
    summary: 'Make a group, ask for support, or find or open a direct conversation (200 when it existed)',
  })
  @Answers({
    type: ConversationSchema,
    ok: { 201: 'Made.', 200: 'The direct conversation of these two existed.' },
    body: true,
    errors: ['RECIPIENT_NOT_FOUND', 'ROLE_NOT_ALLOWED'],
  })
  async create(
    @CurrentActor() actor: Actor,
    @Body() dto: CreateConversationDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ConversationPayload> {
    const { conversation, created } = await this.conversations.create(actor, dto);
    reply.status(created ? HttpStatus.CREATED : HttpStatus.OK);
    return conversation;
  }

  @Get(':conversation_id')
  @ApiOperation({ summary: 'One conversation with all its participants' })
  @Answers({ type: ConversationSchema, ok: { 200: 'The conversation.' }, errors: ['CONVERSATION_NOT_FOUND'] })
  get(@CurrentActor() actor: Actor, @Param('conversation_id') id: string): Promise<ConversationPayload> {
    return this.views.get(actor.userId, id);
  }

  @Patch(':conversation_id')
  @ApiOperation({ summary: 'Title, description, picture, posting: by a group’s creator or an administrator in it' })
  @Answers({
    type: ConversationSchema,
    ok: { 200: 'As it is now.' },
    body: true,
    errors: ['CONVERSATION_NOT_FOUND', 'CONFLICT'],
  })
  update(
    @CurrentActor() actor: Actor,
    @Param('conversation_id') id: string,
    @Body() dto: ChangeConversationDto,
  ): Promise<ConversationPayload> {
    return this.changes.update(actor, id, dto);
  }

  @Put(':conversation_id/archive')
  @ApiOperation({ summary: 'Put it away or bring it back, for the caller only' })
  @Answers({
    type: ConversationSchema,
    ok: { 200: 'As the caller sees it now.' },
    body: true,
    errors: ['CONVERSATION_NOT_FOUND'],
  })
  archive(
    @CurrentActor() actor: Actor,
    @Param('conversation_id') id: string,
    @Body() dto: ArchiveDto,
  ): Promise<ConversationPayload> {
    return this.ownViews.archive(actor, id, dto);
  }

  @Put(':conversation_id/mute')
  @ApiOperation({ summary: 'No notifications, for the caller only; until a time or without an end' })
  @Answers({
    type: ConversationSchema,
    ok: { 200: 'As the caller sees it now.' },
    body: true,
    errors: ['CONVERSATION_NOT_FOUND'],
  })
  mute(
    @CurrentActor() actor: Actor,
    @Param('conversation_id') id: string,
    @Body() dto: MuteDto,
  ): Promise<ConversationPayload> {
    return this.ownViews.mute(actor, id, dto);
  }

  @Post(':conversation_id/participants')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({ summary: 'Take people into a group' })
  @Answers({
    type: ConversationSchema,
    ok: { 200: 'As it is now.' },
    body: true,
    errors: ['CONVERSATION_NOT_FOUND', 'RECIPIENT_NOT_FOUND', 'ROLE_NOT_ALLOWED', 'CONFLICT'],
  })
  addParticipants(
    @CurrentActor() actor: Actor,
    @Param('conversation_id') id: string,
    @Body() dto: AddParticipantsDto,
  ): Promise<ConversationPayload> {
    return this.changes.add(actor, id, dto.user_ids);
  }

  @Delete(':conversation_id/participants/:user_id')
  @ApiOperation({ summary: 'Take a person out of a group; oneself: leave it' })
  @Answers({
    type: ParticipantRemovedSchema,
    ok: { 200: 'They are out: nothing of it reaches them any more.' },
    errors: ['CONVERSATION_NOT_FOUND', 'NOT_PARTICIPANT', 'CONFLICT'],
  })
  async removeParticipant(
    @CurrentActor() actor: Actor,
    @Param('conversation_id') id: string,
    @Param('user_id') userId: string,
  ): Promise<ParticipantRemoved> {
    await this.changes.remove(actor, id, userId);
    return { success: true, conversation_id: id, user_id: userId };
  }
}
