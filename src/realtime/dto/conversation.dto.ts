import { IsUuidV } from '../../common/validation/decorators';
import type { ConversationInput } from '../../contract/socket-events';

/** Events that name a conversation and nothing else. */
export class ConversationDto implements ConversationInput {
  @IsUuidV()
  conversation_id: string;
}
