import { ApiPropertyOptional } from '@nestjs/swagger';
import { Expose, Transform } from 'class-transformer';
import { IsIn } from 'class-validator';
import { QueryBoolean, QueryInt } from '../../common/validation/decorators';

const ARCHIVED = ['false', 'true', 'all'] as const;

export class ListConversationsDto {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, default: 1 })
  @QueryInt({ min: 1, max: 1_000_000, default: 1 })
  page: number;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 50, default: 20 })
  @QueryInt({ min: 1, max: 50, default: 20 })
  limit: number;

  @ApiPropertyOptional({ enum: ARCHIVED, default: 'false', description: 'true: only what the caller has archived' })
  @Expose()
  @Transform(({ value }: { value: unknown }) => value ?? 'false', { toClassOnly: true })
  @IsIn(ARCHIVED)
  archived: (typeof ARCHIVED)[number];

  @ApiPropertyOptional({ type: 'boolean', default: false, description: 'true: only those with unread messages' })
  @QueryBoolean(false)
  unread: boolean;
}
