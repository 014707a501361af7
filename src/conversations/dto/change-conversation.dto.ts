import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { IsHttpsUrl, IsText, MayBeAbsent } from '../../common/validation/decorators';
import { KeepsNull } from '../../common/validation/input-limits';
import { POSTING, type Posting } from '../../contract/payloads';

/** What is left out stays as it is. */
@KeepsNull()
export class ChangeConversationDto {
  @ApiPropertyOptional({ example: 'Classe 4B', description: '1 to 120 code points.' })
  @MayBeAbsent()
  @IsText(1, 120)
  title?: string;

  @ApiPropertyOptional({ type: String, nullable: true, description: 'Up to 500 code points; null takes it away.' })
  @IsOptional()
  @IsText(0, 500)
  description?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, format: 'uri', description: 'https; null takes it away.' })
  @IsOptional()
  @IsHttpsUrl()
  avatar_url?: string | null;

  @ApiPropertyOptional({ enum: POSTING })
  @MayBeAbsent()
  @IsIn(POSTING)
  posting?: Posting;
}
