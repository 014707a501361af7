import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import {
  IsClientMessageId,
  IsContent,
  IsFlatMetadata,
  IsUserId,
  IsUuidV,
  RequiredWithout,
} from '../../common/validation/decorators';
import { FlatInput } from '../../common/validation/flat-input';
import { MESSAGE_TYPES, type MessageType, type Metadata } from '../../contract/payloads';
import type { SendMessageInput } from '../../contract/socket-events';

/** One input for REST and every socket door. */
@FlatInput()
export class SendMessageDto implements SendMessageInput {
  @ApiPropertyOptional({ format: 'uuid', description: 'This or recipient_id.' })
  @RequiredWithout('recipient_id')
  @IsUuidV()
  conversation_id?: string;

  @ApiPropertyOptional({ example: '7', description: 'Finds or opens the direct conversation.' })
  @IsOptional()
  @IsUserId()
  recipient_id?: string;

  @ApiProperty({ example: 'Bonjour !' })
  @IsContent()
  content: string;

  @ApiPropertyOptional({ enum: MESSAGE_TYPES, default: 'text' })
  @IsOptional()
  @IsIn(MESSAGE_TYPES)
  message_type?: MessageType;

  @ApiPropertyOptional({ format: 'uuid', description: 'A message of the same conversation.' })
  @IsOptional()
  @IsUuidV()
  reply_to?: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'Flat, at most 20 keys and 4 KB.' })
  @IsOptional()
  @IsFlatMetadata()
  metadata?: Metadata;

  @ApiPropertyOptional({ description: 'Key of a resend: 1 to 64 printable ASCII characters.' })
  @IsOptional()
  @IsClientMessageId()
  client_message_id?: string;
}
