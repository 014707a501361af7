import { IsOptional } from 'class-validator';
import { IsUuidV } from '../../common/validation/decorators';
import { FlatInput } from '../../common/validation/flat-input';
import type { MessageReadInput } from '../../contract/socket-events';

@FlatInput()
export class MessageReadDto implements MessageReadInput {
  @IsUuidV()
  message_id: string;

  @IsOptional()
  @IsUuidV()
  conversation_id?: string;
}
