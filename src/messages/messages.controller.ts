import { Body, Controller, Delete, Get, HttpCode, HttpStatus, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Authenticated, CurrentActor } from '../auth/decorators';
import type { Actor } from '../common/actor';
import type { HistoryPage, MarkReadResult, MessageDetailsPayload, MessagePayload } from '../contract/payloads';
import { Answers } from '../openapi/answers';
import {
  HistoryPageSchema,
  MarkReadResultSchema,
  MessageDetailsSchema,
  MessageSchema,
} from '../openapi/message.schema';
import { EditMessageDto } from './dto/edit-message.dto';
import { HistoryQueryDto } from './dto/history-query.dto';
import { SendMessageDto } from './dto/send-message.dto';
import { HistoryService } from './history.service';
import { MessageChangesService } from './message-changes.service';
import { MessagesService } from './messages.service';
import { ReceiptsService } from './receipts.service';

@ApiTags('messages')
@Authenticated()
@Controller('api/v1/messages')
export class MessagesController {
  constructor(
    private readonly messages: MessagesService,
    private readonly historyService: HistoryService,
    private readonly changes: MessageChangesService,
    private readonly receipts: ReceiptsService,
  ) {}

  @Post('send')
  @ApiOperation({ summary: 'Send a message; the same client_message_id again answers 200 and the first message' })
  @Answers({
    type: MessageSchema,
    ok: { 201: 'Stored.', 200: 'Known: the first message under this key.' },
    body: true,
    errors: [
      'CONVERSATION_NOT_FOUND',
      'RECIPIENT_NOT_FOUND',
      'MESSAGE_NOT_FOUND',
      'ROLE_NOT_ALLOWED',
      'CONFLICT',
      'RATE_LIMITED',
    ],
  })
  async send(
    @CurrentActor() actor: Actor,
    @Body() dto: SendMessageDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MessagePayload> {
    const { message, duplicate } = await this.messages.send(actor, dto);
    reply.status(duplicate ? HttpStatus.OK : HttpStatus.CREATED);
    return message;
  }

  @Get('history/:conversation_id')
  @ApiOperation({ summary: 'A page of the history, oldest first' })
  @Answers({
    type: HistoryPageSchema,
    ok: { 200: 'The page.' },
    errors: ['VALIDATION_FAILED', 'CONVERSATION_NOT_FOUND', 'MESSAGE_NOT_FOUND'],
  })
  history(
    @CurrentActor() actor: Actor,
    @Param('conversation_id') conversationId: string,
    @Query() query: HistoryQueryDto,
  ): Promise<HistoryPage> {
    return this.historyService.page(actor, conversationId, query);
  }

  @Post('mark-read/:message_id')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({ summary: 'Mark a message and all before it as read' })
  @Answers({ type: MarkReadResultSchema, ok: { 200: 'Where the caller stands now.' }, errors: ['MESSAGE_NOT_FOUND'] })
  markRead(@CurrentActor() actor: Actor, @Param('message_id') messageId: string): Promise<MarkReadResult> {
    return this.receipts.markRead(actor, { message_id: messageId });
  }

  @Get(':message_id')
  @ApiOperation({ summary: 'One message; for its sender with receipts and edits' })
  @Answers({ type: MessageDetailsSchema, ok: { 200: 'The message.' }, errors: ['MESSAGE_NOT_FOUND'] })
  one(@CurrentActor() actor: Actor, @Param('message_id') messageId: string): Promise<MessageDetailsPayload> {
    return this.historyService.one(actor, messageId);
  }

  @Patch(':message_id')
  @ApiOperation({ summary: 'Edit an own message within the edit window; the earlier text is kept with it' })
  @Answers({
    type: MessageSchema,
    ok: { 200: 'The message as it reads now.' },
    body: true,
    errors: ['MESSAGE_NOT_FOUND', 'EDIT_WINDOW_CLOSED', 'ROLE_NOT_ALLOWED', 'RECIPIENT_NOT_FOUND', 'RATE_LIMITED'],
  })
  edit(
    @CurrentActor() actor: Actor,
    @Param('message_id') messageId: string,
    @Body() dto: EditMessageDto,
  ): Promise<MessagePayload> {
    return this.changes.edit(actor, { message_id: messageId, content: dto.content });
  }

  @Delete(':message_id')
  @ApiOperation({ summary: 'Delete an own message, or any as an admin of the conversation; its place stays' })
  @Answers({
    type: MessageSchema,
    ok: { 200: 'What is left of the message.' },
    errors: ['MESSAGE_NOT_FOUND', 'RATE_LIMITED'],
  })
  remove(@CurrentActor() actor: Actor, @Param('message_id') messageId: string): Promise<MessagePayload> {
    return this.changes.remove(actor, { message_id: messageId });
  }
}
