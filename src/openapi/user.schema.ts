import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import {
  ONLINE_STATUSES,
  type NotificationSettings,
  type OnlineStatus,
  type OwnStatusPayload,
  type UserStatusPayload,
  type WebsocketStats,
} from '../contract/payloads';
import { ALL_ROLES, type Role } from '../contract/roles';
import { Instant, Nullable } from './properties';

@ApiSchema({ name: 'UserStatus' })
export class UserStatusSchema implements UserStatusPayload {
  @ApiProperty({ example: '42' }) user_id: string;
  @ApiProperty({ example: 'marie.martin' }) username: string;
  @ApiProperty({ example: 'Marie Martin' }) display_name: string;
  @ApiProperty({ enum: ALL_ROLES }) role: Role;
  @Nullable({ type: String, format: 'uri' }) avatar_url: string | null;
  @ApiProperty({ enum: ONLINE_STATUSES }) online_status: OnlineStatus;
  @Instant({ nullable: true, description: 'When the last connection ended.' }) last_seen: string | null;
}

@ApiSchema({ name: 'DirectorySynced' })
export class DirectorySyncedSchema {
  @ApiProperty({ type: 'integer', example: 2 }) upserted: number;
}

@ApiSchema({ name: 'NotificationSettings' })
export class NotificationSettingsSchema implements NotificationSettings {
  @ApiProperty() email_notifications: boolean;
  @ApiProperty() push_notifications: boolean;
  @ApiProperty() sound_notifications: boolean;
  @ApiProperty() desktop_notifications: boolean;
}

@ApiSchema({ name: 'OwnStatus' })
export class OwnStatusSchema extends UserStatusSchema implements OwnStatusPayload {
  @ApiProperty({ type: [String], description: 'Ids of the open connections.' }) active_connections: string[];
  @ApiProperty({ type: NotificationSettingsSchema }) notification_settings: NotificationSettingsSchema;
}

@ApiSchema({ name: 'WebsocketStats' })
export class WebsocketStatsSchema implements WebsocketStats {
  @ApiProperty({ type: 'integer' }) total_connections: number;
  @ApiProperty({ type: 'integer' }) authenticated_connections: number;
  @ApiProperty({ type: 'integer' }) users_online: number;
  @ApiProperty({ type: 'integer', description: 'Conversations that are open on some connection.' })
  active_conversations: number;
  @ApiProperty({ type: 'integer' }) typing_users: number;
}
