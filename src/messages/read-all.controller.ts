import { Controller, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, CurrentActor } from '../auth/decorators';
import type { Actor } from '../common/actor';
import type { MarkAllReadResult } from '../contract/payloads';
import { Answers } from '../openapi/answers';
import { MarkAllReadResultSchema } from '../openapi/message.schema';
import { ReadAllService } from './read-all.service';

/** A route of conversations that lives here, because reading is about messages. */
@ApiTags('conversations')
@Authenticated()
@Controller('api/v1/messages/conversations')
export class ReadAllController {
  constructor(private readonly readAll: ReadAllService) {}

  @Post(':conversation_id/read')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({ summary: 'Mark all messages as read' })
  @Answers({
    type: MarkAllReadResultSchema,
    ok: { 200: 'Where the caller stands now; without a message to name, nothing was unread.' },
    errors: ['CONVERSATION_NOT_FOUND'],
  })
  markAllRead(@CurrentActor() actor: Actor, @Param('conversation_id') id: string): Promise<MarkAllReadResult> {
    return this.readAll.markAllRead(actor, id);
  }
}
