import { Body, Controller, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, CurrentCaller } from '../auth/decorators';
import type { Caller } from '../common/actor';
import type { SystemMessageResults } from '../contract/payloads';
import { Answers } from '../openapi/answers';
import { SystemMessageResultsSchema } from '../openapi/system-message.schema';
import { SystemMessageDto } from './dto/system-message.dto';
import { SystemMessagesService } from './system-messages.service';

@ApiTags('messages')
@Controller('api/v1/system-messages')
export class SystemMessagesController {
  constructor(private readonly systemMessages: SystemMessagesService) {}

  @Post()
  @Authenticated('admin', 'service')
  @ApiOperation({
    summary: 'A notice to up to 1,000 people, each in a conversation they cannot answer in, or to one conversation',
  })
  @Answers({
    type: SystemMessageResultsSchema,
    ok: { 201: 'What became of each recipient.' },
    body: true,
    errors: ['CONVERSATION_NOT_FOUND', 'RATE_LIMITED'],
  })
  async send(@CurrentCaller() caller: Caller, @Body() dto: SystemMessageDto): Promise<SystemMessageResults> {
    return { results: await this.systemMessages.send(caller, dto) };
  }
}
