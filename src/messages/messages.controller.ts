import { Body, Controller, Get, HttpCode, HttpStatus, Param, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Authenticated, CurrentActor } from '../auth/decorators';
import type { Actor } from '../common/actor';
import type { HistoryPage, MarkReadResult, MessagePayload } from '../contract/payloads';
import { Answers } from '../openapi/answers';
import { HistoryPageSchema, MarkReadResultSchema, MessageSchema } from '../openapi/message.schema';
import { HistoryQueryDto } from './dto/history-query.dto';
import { SendMessageDto } from './dto/send-message.dto';
import { HistoryService } from './history.service';
import { MessagesService } from './messages.service';
import { ReceiptsService } from './receipts.service';

@ApiTags('messages')
@Authenticated()
@Controller('api/v1/messages')
export class MessagesController {
  constructor(
    private readonly messages: MessagesService,
    private readonly historyService: HistoryService,
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
}
