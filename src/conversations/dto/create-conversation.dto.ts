import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsIn, IsOptional } from 'class-validator';
import { IsText, IsUserId } from '../../common/validation/decorators';
import { HISTORY, POSTING, type History, type Posting } from '../../contract/payloads';

/** Support conversations have rights by role of their own and are not opened here yet. */
const OPENABLE = ['direct', 'group'] as const;

export class CreateConversationDto {
  @ApiProperty({ type: [String], example: ['7'], description: 'The creator may be named or not; repeats are merged.' })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(10_000)
  @IsUserId({ each: true })
  participant_ids: string[];

  @ApiProperty({ enum: OPENABLE })
  @IsIn(OPENABLE)
  conversation_type: (typeof OPENABLE)[number];

  @ApiPropertyOptional({
    example: 'Classe 4B',
    description: '1 to 120 code points; a group needs one, a direct conversation keeps none.',
  })
  @IsOptional()
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
