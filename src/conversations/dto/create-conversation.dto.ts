import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsIn, IsOptional } from 'class-validator';
import { IsText, IsUserId, RequiredWhen } from '../../common/validation/decorators';
import {
  CONVERSATION_TYPES,
  HISTORY,
  POSTING,
  type ConversationType,
  type History,
  type Posting,
} from '../../contract/payloads';

export class CreateConversationDto {
  @ApiPropertyOptional({
    type: [String],
    example: ['7'],
    description: 'The creator may be named or not; repeats are merged. A support conversation needs none.',
  })
  @RequiredWhen('conversation_type', 'direct', 'group')
  @IsArray()
  @ArrayMaxSize(10_000)
  @IsUserId({ each: true })
  participant_ids?: string[];

  @ApiProperty({ enum: CONVERSATION_TYPES })
  @IsIn(CONVERSATION_TYPES)
  conversation_type: ConversationType;

  @ApiPropertyOptional({
    example: 'Classe 4B',
    description: '1 to 120 code points; a group needs one, a direct conversation keeps none.',
  })
  @RequiredWhen('conversation_type', 'group')
  @IsText(1, 120)
  title?: string;

  @ApiPropertyOptional({ description: 'Up to 500 code points.' })
  @IsOptional()
  @IsText(0, 500)
  description?: string;

  @ApiPropertyOptional({ enum: POSTING, default: 'everyone' })
  @IsOptional()
  @IsIn(POSTING)
  posting?: Posting;

  @ApiPropertyOptional({ enum: HISTORY, default: 'all' })
  @IsOptional()
  @IsIn(HISTORY)
  history?: History;
}
