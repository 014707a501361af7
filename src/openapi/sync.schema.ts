import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { SYNC_EVENT_TYPES, type SyncEvent, type SyncResult } from '../contract/payloads';

@ApiSchema({ name: 'SyncEvent', description: 'A server event as on a socket.' })
export class SyncEventSchema {
  @ApiProperty({ enum: SYNC_EVENT_TYPES }) type: SyncEvent['type'];
  @ApiProperty({ type: 'object', additionalProperties: true }) data: SyncEvent['data'];
}

@ApiSchema({ name: 'SyncResult' })
export class SyncResultSchema implements Omit<SyncResult, 'events'> {
  @ApiProperty({ type: [SyncEventSchema], description: 'In `seq` order within a conversation.' })
  events: SyncEventSchema[];
  @ApiProperty({ example: 'q3RlSg4yT2eWm0b1xk9a3A' }) cursor: string;
  @ApiProperty({ description: 'Ask again with the cursor at once.' }) has_more: boolean;
  @ApiPropertyOptional({ enum: [true], description: 'The given cursor was too old: load the lists anew.' })
  cursor_expired?: true;
}
