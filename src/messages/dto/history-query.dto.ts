import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { IsUuidV, QueryInt } from '../../common/validation/decorators';

const MAX_SEQ = Number.MAX_SAFE_INTEGER;

export class HistoryQueryDto {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100, default: 50 })
  @QueryInt({ min: 1, max: 100, default: 50 })
  limit: number;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, description: '1 = the newest' })
  @IsOptional()
  @QueryInt({ min: 1, max: 1_000_000_000 })
  page?: number;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUuidV()
  before_message_id?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1 })
  @IsOptional()
  @QueryInt({ min: 1, max: MAX_SEQ })
  before_seq?: number;

  @ApiPropertyOptional({ type: 'integer', minimum: 0 })
  @IsOptional()
  @QueryInt({ min: 0, max: MAX_SEQ })
  after_seq?: number;
}
