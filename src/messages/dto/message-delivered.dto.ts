import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { IsUuidV } from '../../common/validation/decorators';
import { FlatInput } from '../../common/validation/flat-input';
import type { MessageDeliveredInput } from '../../contract/socket-events';

/** One of `message_id`, and `conversation_id` with `seq`; the service checks which. */
@FlatInput()
export class MessageDeliveredDto implements MessageDeliveredInput {
  @IsOptional()
  @IsUuidV()
  message_id?: string;

  @IsOptional()
  @IsUuidV()
  conversation_id?: string;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  seq?: number;
}
