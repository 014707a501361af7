import { ApiPropertyOptional } from '@nestjs/swagger';
import { QueryInt } from '../../common/validation/decorators';

export class ListConversationsDto {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, default: 1 })
  @QueryInt({ min: 1, max: 1_000_000, default: 1 })
  page: number;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 50, default: 20 })
  @QueryInt({ min: 1, max: 50, default: 20 })
  limit: number;
}
