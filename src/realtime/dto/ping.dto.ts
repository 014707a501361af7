import { ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { Allow } from 'class-validator';

@ApiSchema({ name: 'PingInput' })
export class PingDto {
  @ApiPropertyOptional({ type: String, description: 'A note of the client; nobody reads it.' })
  @Allow()
  readonly timestamp?: unknown;
}
