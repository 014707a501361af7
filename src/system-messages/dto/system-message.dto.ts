import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsOptional } from 'class-validator';
import {
  IsClientMessageId,
  IsContent,
  IsFlatMetadata,
  IsText,
  IsUserId,
  IsUuidV,
  RequiredWithout,
} from '../../common/validation/decorators';
import type { Metadata } from '../../contract/payloads';

export class SystemMessageDto {
  @ApiPropertyOptional({ type: [String], example: ['42'], description: 'This or conversation_id; at most 1,000.' })
  @RequiredWithout('conversation_id')
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(1000)
  @IsUserId({ each: true })
  recipient_ids?: string[];

  @ApiPropertyOptional({ format: 'uuid', description: 'An administrator has to be in it.' })
  @IsOptional()
  @IsUuidV()
  conversation_id?: string;

  @ApiProperty({ example: 'Votre enfant était absent ce matin.' })
  @IsContent()
  content: string;

  @ApiPropertyOptional({
    example: 'Absence',
    description: '1 to 120 code points; kept as the key `title` of metadata.',
  })
  @IsOptional()
  @IsText(1, 120)
  title?: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'Flat, at most 20 keys and 4 KB.' })
  @IsOptional()
  @IsFlatMetadata()
  metadata?: Metadata;

  @ApiPropertyOptional({
    example: 'absence-2026-11-23-42',
    description: 'The same again from the same sender to the same recipient is one message. Printable ASCII.',
  })
  @IsOptional()
  @IsClientMessageId()
  dedupe_key?: string;
}
