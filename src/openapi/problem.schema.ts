import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import type { Problem } from '../common/errors/problem';
import { ERROR_CODES, type ErrorCode } from '../contract/error-codes';

@ApiSchema({ name: 'FieldError' })
export class FieldErrorSchema {
  @ApiProperty({ example: 'content' }) field: string;
  @ApiProperty({ example: 'content must be …' }) message: string;
}

@ApiSchema({ name: 'Problem', description: 'Every refusal (RFC 9457).' })
export class ProblemSchema implements Problem {
  @ApiProperty({ example: 'urn:presencepro:messaging:error:forbidden' }) type: string;
  @ApiProperty({ example: 'Forbidden' }) title: string;
  @ApiProperty({ type: 'integer', example: 403 }) status: number;
  @ApiProperty({ description: 'For people, in the language of Accept-Language: fr (default), en or ar.' })
  detail: string;
  @ApiProperty({ description: 'The request path, without its query.' }) instance: string;
  @ApiProperty({ enum: ERROR_CODES }) error_code: ErrorCode;
  @ApiPropertyOptional({ type: [FieldErrorSchema], description: 'Every field that failed.' })
  errors?: FieldErrorSchema[];
  @ApiProperty({ format: 'uuid' }) request_id: string;
}
