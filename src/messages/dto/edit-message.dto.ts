import { ApiProperty } from '@nestjs/swagger';
import { IsContent, IsUuidV } from '../../common/validation/decorators';
import type { MessageDeleteInput, MessageEditInput } from '../../contract/socket-events';

/** Body of PATCH: the path names the message. */
export class EditMessageDto {
  @ApiProperty({ example: 'Bonjour à tous !' })
  @IsContent()
  content: string;
}

export class MessageEditDto extends EditMessageDto implements MessageEditInput {
  @IsUuidV()
  message_id: string;
}

export class MessageDeleteDto implements MessageDeleteInput {
  @IsUuidV()
  message_id: string;
}
