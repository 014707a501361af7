import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { OwnStatistics, ServiceStatistics } from '../contract/payloads';
import { Instant, Uuid } from './properties';
import { WebsocketStatsSchema } from './user.schema';

const Count = (description: string): PropertyDecorator => ApiProperty({ type: 'integer', minimum: 0, description });
const Measure = (description: string): PropertyDecorator => ApiProperty({ type: Number, minimum: 0, description });

@ApiSchema({ name: 'OwnStatistics' })
export class OwnStatisticsSchema implements OwnStatistics {
  @Count('Conversations, archived ones included.') total_conversations: number;
  @Count('Those with a message in the last 30 days.') active_conversations: number;
  @Count('Over all of them.') unread_messages: number;
  @Count('Ever, deleted ones included.') total_messages_sent: number;
  @Count('Messages of others in these conversations since the caller came in, deleted ones included.')
  total_messages_received: number;
}

@ApiSchema({ name: 'StoreStatistics' })
class StoreStatisticsSchema {
  @ApiProperty({ enum: ['embedded', 'mongodb'] }) store: 'embedded' | 'mongodb';
  @ApiProperty() connected: boolean;
  @Measure('Milliseconds to its answer, just now.') latency_ms: number;
}

@ApiSchema({ name: 'PerformanceStatistics' })
class PerformanceStatisticsSchema {
  @Measure('From request to response on this node, over the last hour; 0: no request.')
  average_response_time_ms: number;
  @Measure('From a message to the next one of the conversation when another person wrote it, over 30 days; 0: none.')
  average_reply_seconds: number;
  @Measure('Mean over the last 60 minutes, the one under way among them.') messages_per_minute: number;
  @Count('The most people online at one time on one node, ever.') peak_concurrent_users: number;
}

@ApiSchema({ name: 'UsageStatistics' })
class UsageStatisticsSchema {
  @Count('Messages ever sent, deleted and expired ones included.') total_messages: number;
  @Count('Sent today.') total_messages_today: number;
  @Count('Sent since Monday.') total_messages_this_week: number;
  @Count('Sent since the first of the month.') total_messages_this_month: number;
  @Count('People who signed in or wrote today.') daily_active_users: number;
  @Count('Today or in the 6 days before.') weekly_active_users: number;
  @Count('Today or in the 29 days before.') monthly_active_users: number;
}

@ApiSchema({ name: 'BusyConversation' })
class BusyConversationSchema {
  @Uuid() conversation_id: string;
  @Count('Messages ever sent to it.') messages: number;
}

@ApiSchema({ name: 'ServiceStatistics' })
export class ServiceStatisticsSchema implements ServiceStatistics {
  @ApiProperty({ type: StoreStatisticsSchema }) database: StoreStatisticsSchema;
  @ApiProperty({ type: WebsocketStatsSchema }) websocket: WebsocketStatsSchema;
  @ApiProperty({ type: PerformanceStatisticsSchema }) performance: PerformanceStatisticsSchema;
  @ApiProperty({ type: UsageStatisticsSchema }) usage: UsageStatisticsSchema;
  @ApiProperty({ type: [BusyConversationSchema], description: 'At most 10, busiest first.' })
  busiest_conversations: BusyConversationSchema[];
  @Instant() timestamp: string;
}
