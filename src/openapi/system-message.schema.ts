import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { ERROR_CODES, type ErrorCode } from '../contract/error-codes';
import type { SystemMessageResult, SystemMessageResults } from '../contract/payloads';

@ApiSchema({ name: 'SystemMessageResult', description: 'Either the message, or why there is none.' })
export class SystemMessageResultSchema implements SystemMessageResult {
  @ApiProperty({ example: '42' }) recipient_id: string;
  @ApiPropertyOptional({ format: 'uuid' }) message_id?: string;
  @ApiPropertyOptional({ format: 'uuid' }) conversation_id?: string;
  @ApiPropertyOptional({ enum: ERROR_CODES }) error_code?: ErrorCode;
}

@ApiSchema({ name: 'SystemMessageResults' })
export class SystemMessageResultsSchema implements SystemMessageResults {
  @ApiProperty({ type: [SystemMessageResultSchema], description: 'In the order given, repeats merged.' })
  results: SystemMessageResultSchema[];
}
