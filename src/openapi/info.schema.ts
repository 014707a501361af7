import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { Instant } from './properties';

const group = { type: 'object', additionalProperties: true } as const;

@ApiSchema({ name: 'Info' })
export class InfoSchema {
  @ApiProperty({ ...group, example: { name: 'messaging-service', version: '0.1.0', port: 8007 } }) service: object;
  @ApiProperty({ ...group, example: { store: 'mongodb', connected: true } }) database: object;
  @ApiProperty({ ...group, description: 'Paths and timings of sockets, seconds.' }) websocket: object;
  @ApiProperty({ ...group, description: 'Limits that clients need.' }) configuration: object;
  @ApiProperty(group) external_services: object;
  @ApiProperty(group) features: object;
  @Instant() timestamp: string;
}
