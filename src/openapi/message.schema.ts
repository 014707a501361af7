import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import {
  MESSAGE_TYPES,
  type EditPayload,
  type HistoryPage,
  type MarkAllReadResult,
  type MarkReadResult,
  type MessageDetailsPayload,
  type MessagePayload,
  type MessageStatus,
  type MessageType,
  type Metadata,
  type ReceiptPayload,
} from '../contract/payloads';
import { ALL_ROLES, type CallerRole } from '../contract/roles';
import { Instant, Nullable, Seq, Uuid } from './properties';

@ApiSchema({ name: 'Message', description: 'As one participant sees it (docs/PROTOCOL.md).' })
export class MessageSchema implements MessagePayload {
  @Uuid() message_id: string;
  @Uuid() conversation_id: string;
  @Seq({ minimum: 1 }) seq: number;
  @Nullable({ type: String, example: 'b3f0c0de-1' }) client_message_id: string | null;
  @ApiProperty({ example: '42' }) sender_id: string;
  @ApiProperty({ example: 'Marie Martin', description: 'As it was then.' }) sender_name: string;
  @ApiProperty({ enum: [...ALL_ROLES, 'service'] }) sender_role: CallerRole;
  @Nullable({ type: String, example: '7', description: 'Direct conversations only.' }) recipient_id: string | null;
  @ApiProperty({ example: 'Bonjour !', description: 'Empty when deleted.' }) content: string;
  @ApiProperty({ enum: MESSAGE_TYPES }) message_type: MessageType;
  @ApiProperty({ enum: ['sent', 'delivered', 'read'] }) status: MessageStatus;
  @ApiProperty() is_read: boolean;
  @Instant({ nullable: true }) read_at: string | null;
  @ApiPropertyOptional({ type: [String], description: 'In conversations of up to 50 participants.' })
  read_by?: string[];
  @ApiPropertyOptional({ type: [String] }) delivered_to?: string[];
  @ApiPropertyOptional({ type: 'integer', description: 'In larger ones.' }) read_count?: number;
  @ApiPropertyOptional({ type: 'integer' }) delivered_count?: number;
  @Uuid({ nullable: true }) reply_to: string | null;
  @ApiProperty({ type: 'array', items: { type: 'object' }, maxItems: 0 }) attachments: never[];
  @ApiProperty({ type: 'object', additionalProperties: true, example: { subject: 'maths' } }) metadata: Metadata;
  @Instant() created_at: string;
  @Instant() updated_at: string;
  @ApiProperty() is_edited: boolean;
  @ApiProperty() is_deleted: boolean;
}

@ApiSchema({ name: 'Receipt', description: 'How far one other participant has come with a message.' })
export class ReceiptSchema implements ReceiptPayload {
  @ApiProperty({ example: '7' }) user_id: string;
  @Instant({ nullable: true }) delivered_at: string | null;
  @Instant({ nullable: true }) read_at: string | null;
}

@ApiSchema({ name: 'Edit', description: 'An earlier text.' })
export class EditSchema implements EditPayload {
  @ApiProperty({ example: 'Bonjou !' }) content: string;
  @Instant({ description: 'When a newer text took its place.' }) edited_at: string;
}

@ApiSchema({ name: 'MessageDetails' })
export class MessageDetailsSchema extends MessageSchema implements MessageDetailsPayload {
  @ApiPropertyOptional({ type: [ReceiptSchema], description: 'For the sender only.' })
  receipts?: ReceiptSchema[];
  @ApiPropertyOptional({ type: [EditSchema], maxItems: 20, description: 'For the sender only; oldest first.' })
  edits?: EditSchema[];
}

@ApiSchema({ name: 'HistoryPage' })
export class HistoryPageSchema implements HistoryPage {
  @ApiProperty({ type: [MessageSchema], description: 'Oldest first.' }) messages: MessageSchema[];
  @ApiProperty({ type: 'integer', description: 'Deleted messages count too.' }) total_count: number;
  @ApiProperty({ type: 'integer', minimum: 1 }) page: number;
  @ApiProperty({ type: 'integer', minimum: 1 }) limit: number;
  @ApiProperty() has_more: boolean;
}

@ApiSchema({ name: 'MarkReadResult' })
export class MarkReadResultSchema implements MarkReadResult {
  @ApiProperty({ enum: [true] }) success: true;
  @Uuid() message_id: string;
  @Uuid() conversation_id: string;
  @Instant() read_at: string;
  @ApiProperty({ type: 'integer', minimum: 0 }) unread_count: number;
}

@ApiSchema({ name: 'MarkAllReadResult' })
export class MarkAllReadResultSchema implements MarkAllReadResult {
  @ApiProperty({ enum: [true] }) success: true;
  @Uuid({ nullable: true, description: 'The last message; null: there is none to see.' }) message_id: string | null;
  @Uuid() conversation_id: string;
  @Instant({ nullable: true }) read_at: string | null;
  @ApiProperty({ type: 'integer', minimum: 0 }) unread_count: number;
}
