import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { Instant } from './properties';

@ApiSchema({ name: 'Root' })
export class RootSchema {
  @ApiProperty({ example: 'messaging-service' }) service: string;
  @ApiProperty({ example: '0.1.0' }) version: string;
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } }) links: Record<string, string>;
}

@ApiSchema({ name: 'Health' })
export class HealthSchema {
  @ApiProperty({ example: 'messaging-service' }) service: string;
  @ApiProperty({ enum: ['healthy', 'degraded', 'unhealthy'] }) status: string;
  @Instant() timestamp: string;
  @ApiProperty({ example: '0.1.0' }) version: string;
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'database, websocket and, where used, redis.',
  })
  checks: object;
  @ApiProperty({ type: 'number', minimum: 0 }) uptime_seconds: number;
  @ApiProperty({ type: 'object', additionalProperties: { type: 'number' }, description: 'Bytes.' })
  memory_usage: object;
}

@ApiSchema({ name: 'Liveness' })
export class LivenessSchema {
  @ApiProperty({ enum: ['healthy'] }) status: string;
}

@ApiSchema({ name: 'Readiness' })
export class ReadinessSchema {
  @ApiProperty({ enum: ['healthy', 'unhealthy'] }) status: string;
  @ApiProperty({ type: 'object', additionalProperties: true }) checks: object;
}
