import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { IsUuidV } from '../../common/validation/decorators';
import type { ConversationInput } from '../../contract/socket-events';

/** Events that name a conversation and nothing else. */
@ApiSchema({ name: 'ConversationInput' })
export class ConversationDto implements ConversationInput {
  @ApiProperty({ format: 'uuid' })
  @IsUuidV()
  conversation_id: string;
}
