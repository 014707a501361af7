import { Body, Controller, Get, HttpStatus, Param, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Authenticated, CurrentActor } from '../auth/decorators';
import type { Actor } from '../common/actor';
import type { ConversationPage, ConversationPayload } from '../contract/payloads';
import { Answers } from '../openapi/answers';
import { ConversationPageSchema, ConversationSchema } from '../openapi/conversation.schema';
import { ConversationReader } from './conversation-reader';
import { ConversationsService } from './conversations.service';
import { CreateConversationDto } from './dto/create-conversation.dto';
import { ListConversationsDto } from './dto/list-conversations.dto';

@ApiTags('conversations')
@Authenticated()
@Controller('api/v1/messages/conversations')
export class ConversationsController {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly reader: ConversationReader,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The caller’s conversations, latest first' })
  @Answers({ type: ConversationPageSchema, ok: { 200: 'The page.' }, errors: ['VALIDATION_FAILED'] })
  list(@CurrentActor() actor: Actor, @Query() query: ListConversationsDto): Promise<ConversationPage> {
    return this.reader.list(actor.userId, query.page, query.limit);
  }

  @Post()
  @ApiOperation({ summary: 'Make a group, or find or open a direct conversation (200 when it existed)' })
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
    return this.reader.get(actor.userId, id);
  }
}
