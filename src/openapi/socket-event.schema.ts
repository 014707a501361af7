import { ApiProperty, ApiPropertyOptional, ApiSchema, PickType } from '@nestjs/swagger';
import { ERROR_CODES, type ErrorCode } from '../contract/error-codes';
import type { DeliveredResult, MessageStatus, PresencePayload, UserInfo } from '../contract/payloads';
import { ALL_ROLES, type Role } from '../contract/roles';
import {
  SYNC_REASONS,
  UNAUTHORIZED_REASONS,
  type AuthenticatedPayload,
  type ConversationInput,
  type ErrorBody,
  type MessageDeletedPayload,
  type MessageDeliveredPayload,
  type MessageReadPayload,
  type MessageReceivedPayload,
  type MessageSentPayload,
  type ParticipantPayload,
  type SyncReason,
  type TypingPayload,
  type UnauthorizedReason,
} from '../contract/socket-events';
import { MessageSchema } from './message.schema';
import { FieldErrorSchema } from './problem.schema';
import { Instant, Nullable, Seq, Uuid } from './properties';
import { UserStatusSchema } from './user.schema';

@ApiSchema({ name: 'UserInfo' })
export class UserInfoSchema implements UserInfo {
  @ApiProperty({ example: '42' }) user_id: string;
  @ApiProperty({ example: 'marie.martin' }) username: string;
  @ApiProperty({ example: 'Marie Martin' }) display_name: string;
  @ApiProperty({ enum: ALL_ROLES }) role: Role;
}

@ApiSchema({ name: 'Authenticated' })
export class AuthenticatedSchema implements AuthenticatedPayload {
  @ApiProperty({ type: UserInfoSchema }) user_info: UserInfoSchema;
  @Instant() timestamp: string;
}

@ApiSchema({ name: 'MessageSent', description: 'The short answer to a message; an acknowledgement carries all of it.' })
export class MessageSentSchema implements MessageSentPayload {
  @Uuid() message_id: string;
  @Uuid() conversation_id: string;
  @Nullable({ type: String, example: 'b3f0c0de-1' }) client_message_id: string | null;
  @Seq({ minimum: 1 }) seq: number;
  @ApiProperty({ enum: ['sent', 'delivered', 'read'] }) status: MessageStatus;
  @Instant({ description: 'created_at of the message.' }) timestamp: string;
}

@ApiSchema({ name: 'MessageReceived' })
export class MessageReceivedSchema extends MessageSchema implements MessageReceivedPayload {
  @Instant({ description: 'created_at of the message.' }) timestamp: string;
}

@ApiSchema({ name: 'MessageRead', description: 'Cumulative: everything up to `seq` is read.' })
export class MessageReadSchema implements MessageReadPayload {
  @Uuid() conversation_id: string;
  @Uuid({ description: 'The message at `seq`.' }) message_id: string;
  @Seq({ minimum: 1 }) seq: number;
  @ApiProperty({ example: '7', description: 'A user_id.' }) read_by: string;
  @Instant() read_at: string;
}

@ApiSchema({ name: 'MessageDelivered', description: 'Cumulative: everything up to `seq` has reached a device.' })
export class MessageDeliveredSchema implements MessageDeliveredPayload {
  @Uuid() conversation_id: string;
  @Uuid({ description: 'The message at `seq`.' }) message_id: string;
  @Seq({ minimum: 1 }) seq: number;
  @ApiProperty({ example: '7', description: 'A user_id.' }) delivered_to: string;
  @Instant() delivered_at: string;
}

@ApiSchema({ name: 'DeliveredResult' })
export class DeliveredResultSchema implements DeliveredResult {
  @Uuid() conversation_id: string;
  @Seq({ minimum: 1, description: 'The position that stands now.' }) seq: number;
}

@ApiSchema({ name: 'Typing' })
export class TypingSchema implements TypingPayload {
  @Uuid() conversation_id: string;
  @ApiProperty({ example: '42' }) user_id: string;
  @ApiProperty({ example: 'Marie Martin' }) user_name: string;
  @ApiProperty({ description: 'As the name of the event says.' }) is_typing: boolean;
}

@ApiSchema({ name: 'TypingTaken' })
export class TypingTakenSchema implements Partial<ConversationInput> {
  @Uuid({ required: false, description: 'Left out where a flood was dropped.' }) conversation_id?: string;
}

@ApiSchema({ name: 'ConversationMember' })
export class ConversationMemberSchema implements ParticipantPayload {
  @Uuid() conversation_id: string;
  @ApiProperty({ example: '42' }) user_id: string;
}

@ApiSchema({ name: 'MessageDeleted' })
export class MessageDeletedSchema implements MessageDeletedPayload {
  @Uuid() conversation_id: string;
  @Uuid() message_id: string;
  @Seq({ minimum: 1, description: 'The place stays.' }) seq: number;
}

@ApiSchema({ name: 'Pong' })
export class PongSchema {
  @Instant({ description: 'The time of the service.' }) timestamp: string;
}

@ApiSchema({ name: 'Presence' })
export class PresenceSchema
  extends PickType(UserStatusSchema, ['user_id', 'username', 'display_name', 'online_status', 'last_seen'])
  implements PresencePayload {}

@ApiSchema({ name: 'SyncRequired' })
export class SyncRequiredSchema {
  @ApiProperty({ enum: SYNC_REASONS }) reason: SyncReason;
}

@ApiSchema({ name: 'Unauthorized' })
export class UnauthorizedSchema {
  @ApiProperty({ enum: UNAUTHORIZED_REASONS }) reason: UnauthorizedReason;
}

@ApiSchema({ name: 'ErrorDetails' })
export class ErrorDetailsSchema {
  @ApiPropertyOptional({ type: [FieldErrorSchema], description: 'With VALIDATION_FAILED: every field that failed.' })
  errors?: FieldErrorSchema[];
  @ApiPropertyOptional({ type: 'integer', minimum: 0, description: 'With RATE_LIMITED: milliseconds to wait.' })
  retry_after_ms?: number;
}

@ApiSchema({ name: 'SocketError' })
export class SocketErrorSchema implements ErrorBody {
  @ApiProperty({ enum: ERROR_CODES }) error_code: ErrorCode;
  @ApiProperty({ description: 'For people, in the language of Accept-Language: fr (default), en or ar.' })
  message: string;
  @ApiPropertyOptional({ type: ErrorDetailsSchema }) details?: Record<string, unknown>;
}

@ApiSchema({ name: 'PlainError', description: 'As SocketError; `message` is the name of an event there.' })
export class PlainErrorSchema {
  @ApiProperty({ enum: ERROR_CODES }) error_code: ErrorCode;
  @ApiProperty({ description: 'For people, in the language of Accept-Language: fr (default), en or ar.' })
  error_message: string;
  @ApiPropertyOptional({ type: ErrorDetailsSchema }) details?: Record<string, unknown>;
}
