import { IsOptional } from 'class-validator';
import { IsUuidV } from '../../common/validation/decorators';
import type { MessageReadInput } from '../../contract/socket-events';

export class MessageReadDto implements MessageReadInput {
  @IsUuidV()
  message_id: string;

  @IsOptional()
  @IsUuidV()
  conversation_id?: string;
}
