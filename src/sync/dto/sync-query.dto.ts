import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, Matches } from 'class-validator';
import { QueryInt } from '../../common/validation/decorators';

const CURSOR = /^[A-Za-z0-9_-]{22}$/;

export class SyncQueryDto {
  @ApiPropertyOptional({
    description: 'The cursor of the last answer; left out: from now on.',
    minLength: 22,
    maxLength: 22,
  })
  @IsOptional()
  @Matches(CURSOR, { message: 'since must be a cursor' })
  since?: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: 500,
    default: 200,
    description: 'About how many events: the receipts of one conversation come together.',
  })
  @QueryInt({ min: 1, max: 500, default: 200 })
  limit: number;
}
