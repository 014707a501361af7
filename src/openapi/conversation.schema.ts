import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import {
  CONVERSATION_TYPES,
  HISTORY,
  ONLINE_STATUSES,
  POSTING,
  type ConversationPage,
  type ConversationPayload,
  type ConversationType,
  type History,
  type OnlineStatus,
  type ParticipantDetails,
  type ParticipantRemoved,
  type Posting,
} from '../contract/payloads';
import { ALL_ROLES, type CallerRole } from '../contract/roles';
import { Instant, Nullable, Seq, Uuid } from './properties';

@ApiSchema({ name: 'Participant' })
export class ParticipantSchema implements ParticipantDetails {
  @ApiProperty({ example: '7' }) user_id: string;
  @ApiProperty({ example: 'prof.dupont' }) username: string;
  @ApiProperty({ example: 'Prof. Dupont' }) display_name: string;
  @ApiProperty({ enum: [...ALL_ROLES, 'service'] }) role: CallerRole;
  @Nullable({ type: String, format: 'uri' }) avatar_url: string | null;
  @ApiProperty({ enum: ONLINE_STATUSES }) online_status: OnlineStatus;
  @Seq() last_read_seq: number;
  @Seq() last_delivered_seq: number;
}

@ApiSchema({
  name: 'Conversation',
  description: 'As one participant sees it: unread, muted and archived are their own.',
})
export class ConversationSchema implements ConversationPayload {
  @Uuid() conversation_id: string;
  @ApiProperty({ enum: CONVERSATION_TYPES }) conversation_type: ConversationType;
  @ApiProperty({ type: [String], example: ['42', '7'] }) participants: string[];
  @ApiProperty({ type: 'integer', example: 2 }) participant_count: number;
  @ApiProperty({ type: [ParticipantSchema], description: 'In lists the first 20.' })
  participant_details: ParticipantSchema[];
  @Nullable({ type: String, example: 'Classe 4B' }) title: string | null;
  @Nullable({ type: String }) description: string | null;
  @Nullable({ type: String, format: 'uri' }) avatar_url: string | null;
  @ApiProperty({ enum: POSTING }) posting: Posting;
  @ApiProperty({ enum: HISTORY }) history: History;
  @ApiProperty({ example: '42' }) created_by: string;
  @Uuid({ nullable: true }) last_message_id: string | null;
  @Nullable({ type: String, description: 'Its first 100 characters.' }) last_message_content: string | null;
  @Instant({ nullable: true }) last_message_at: string | null;
  @Nullable({ type: String, example: '42' }) last_message_by: string | null;
  @Seq() last_seq: number;
  @ApiProperty({ type: 'integer', description: 'Ever stored.' }) total_messages: number;
  @ApiProperty({ type: 'integer', minimum: 0 }) unread_count: number;
  @ApiProperty() is_muted: boolean;
  @Instant({ nullable: true }) muted_until: string | null;
  @ApiProperty() is_archived: boolean;
  @Instant() created_at: string;
  @Instant() updated_at: string;
}

@ApiSchema({ name: 'ConversationPage' })
export class ConversationPageSchema implements ConversationPage {
  @ApiProperty({ type: [ConversationSchema], description: 'Latest first.' }) conversations: ConversationSchema[];
  @ApiProperty({ type: 'integer' }) total_count: number;
  @ApiProperty({ type: 'integer', minimum: 1 }) page: number;
  @ApiProperty({ type: 'integer', minimum: 1 }) limit: number;
}

@ApiSchema({ name: 'ParticipantRemoved' })
export class ParticipantRemovedSchema implements ParticipantRemoved {
  @ApiProperty({ enum: [true] }) success: true;
  @Uuid() conversation_id: string;
  @ApiProperty({ example: '42' }) user_id: string;
}
