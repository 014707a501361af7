import { Prop, Schema, SchemaFactory } from '@nestjs/mongoose';
import type { CallerRole } from '../../contract/roles';
import type { MessageType, Metadata } from '../../contract/payloads';

export const SEQ_INDEX = 'conversation_seq';
export const KEY_INDEX = 'conversation_sender_key';
export const MOD_INDEX = 'conversation_mod';

@Schema({ _id: false, versionKey: false })
export class EditDocument {
  @Prop({ type: String, required: true }) content: string;
  @Prop({ type: Date, required: true }) edited_at: Date;
}

@Schema({ collection: 'messages', versionKey: false })
export class MessageDocument {
  @Prop({ type: String, required: true }) _id: string;
  @Prop({ type: String, required: true }) conversation_id: string;
  @Prop({ type: Number, required: true }) seq: number;
  @Prop({ type: String, required: true }) sender_id: string;
  @Prop({ type: String, required: true }) sender_name: string;
  @Prop({ type: String, required: true }) sender_role: CallerRole;
  @Prop({ type: String }) client_message_id?: string;
  @Prop({ type: String }) body_hash?: string;
  @Prop({ type: String }) content: string;
  @Prop({ type: String, required: true }) message_type: MessageType;
  @Prop({ type: String }) reply_to?: string;
  @Prop({ type: Object }) metadata?: Metadata;
  /** Place of the last change. */
  @Prop({ type: Number }) mod?: number;
  /** Places of the changes so far. */
  @Prop({ type: [Number], default: undefined }) mods?: number[];
  @Prop({ type: [EditDocument], default: undefined }) edits?: EditDocument[];
  @Prop({ type: Boolean }) is_edited?: boolean;
  @Prop({ type: Boolean }) is_deleted?: boolean;
  @Prop({ type: Date, required: true }) created_at: Date;
  @Prop({ type: Date, required: true }) updated_at: Date;
}

export const MessageSchema = SchemaFactory.createForClass(MessageDocument);
/** One order: the place of a message is unique. History, tail, top. */
MessageSchema.index({ conversation_id: 1, seq: 1 }, { name: SEQ_INDEX, unique: true });
/** Effectively once: closes the race of two sends with one key. Starts with the shard key. */
MessageSchema.index(
  { conversation_id: 1, sender_id: 1, client_message_id: 1 },
  { name: KEY_INDEX, unique: true, partialFilterExpression: { client_message_id: { $exists: true } } },
);
/** Edits and deletions in their order: what `sync` reads since a position. */
MessageSchema.index(
  { conversation_id: 1, mod: 1 },
  { name: MOD_INDEX, partialFilterExpression: { mod: { $exists: true } } },
);
/**
 * One order of changes: the place of a change stays taken when the next change moves the message on. A writer that was
 * stopped between choosing a place and writing must not get one that readers have gone past.
 */
MessageSchema.index(
  { conversation_id: 1, mods: 1 },
  { name: 'conversation_mods', unique: true, partialFilterExpression: { mods: { $exists: true } } },
);
/** Unread counts leave the deleted out; few are, and the count is read from the index alone. */
MessageSchema.index(
  { conversation_id: 1, is_deleted: 1, seq: 1 },
  { name: 'conversation_deleted', partialFilterExpression: { is_deleted: true } },
);
/** What happened in a span of time, over all conversations: notification events, statistics, retention. */
MessageSchema.index({ created_at: 1 }, { name: 'created' });
/** What one person wrote, in whichever conversation: export, erasure, and statistics since the last counted minute. */
MessageSchema.index({ sender_id: 1, created_at: 1, _id: 1 }, { name: 'sender_in_time' });
