import { Prop, Schema, SchemaFactory } from '@nestjs/mongoose';
import { CONVERSATION_TYPES, type ConversationType, type History, type Posting } from '../../contract/payloads';

@Schema({ _id: false, versionKey: false })
export class SummaryDocument {
  @Prop({ type: Number, required: true }) seq: number;
  /** Place of the last edit or deletion, for `sync`. */
  @Prop({ type: Number, required: true }) mod: number;
  @Prop({ type: String }) last_id?: string;
  @Prop({ type: Date }) last_at?: Date;
  @Prop({ type: String }) last_by?: string;
  /** Counts the settled moves of receipts, for `sync`. */
  @Prop({ type: Number, required: true }) receipts: number;
}

@Schema({ collection: 'conversations', versionKey: false })
export class ConversationDocument {
  @Prop({ type: String, required: true }) _id: string;
  @Prop({ type: String, required: true, enum: CONVERSATION_TYPES }) type: ConversationType;
  /** `admins`: support conversations, open to all administrators of now. */
  @Prop({ type: String }) audience?: 'admins';
  @Prop({ type: [String], required: true }) participants: string[];
  @Prop({ type: String }) title?: string;
  @Prop({ type: String }) description?: string;
  @Prop({ type: String }) avatar_url?: string;
  @Prop({ type: String, required: true }) posting: Posting;
  @Prop({ type: String, required: true }) history: History;
  @Prop({ type: String, required: true }) created_by: string;
  /** + 1 with every change of what the conversation itself says. */
  @Prop({ type: Number, required: true }) version: number;
  @Prop({ type: SummaryDocument, required: true }) summary: SummaryDocument;
  /** Messages up to here have expired. */
  @Prop({ type: Number }) floor_seq?: number;
  /** Order of the list: the last message, or the making. */
  @Prop({ type: Date, required: true }) activity_at: Date;
  @Prop({ type: Date }) hot_until?: Date;
  @Prop({ type: Date, required: true }) created_at: Date;
  @Prop({ type: Date, required: true }) updated_at: Date;
}

export const ConversationSchema = SchemaFactory.createForClass(ConversationDocument);
/** GET conversations: a person's list, latest first; also the access check of one. */
ConversationSchema.index({ participants: 1, activity_at: -1, _id: 1 }, { name: 'participant_recent' });
/** The same of an administrator: the support conversations. */
ConversationSchema.index(
  { audience: 1, activity_at: -1, _id: 1 },
  { name: 'audience_recent', partialFilterExpression: { audience: 'admins' } },
);
/** Whom administrators share a support conversation with: the people in them. */
ConversationSchema.index(
  { audience: 1, participants: 1 },
  { name: 'audience_participants', partialFilterExpression: { audience: 'admins' } },
);
/** Before a list is read: which of the person's conversations may have an old summary. */
ConversationSchema.index(
  { participants: 1, hot_until: 1 },
  { name: 'participant_hot', partialFilterExpression: { hot_until: { $exists: true } } },
);
ConversationSchema.index(
  { audience: 1, hot_until: 1 },
  { name: 'audience_hot', partialFilterExpression: { hot_until: { $exists: true } } },
);
/** Repair after a crash: marks that nobody cleared. */
ConversationSchema.index({ hot_until: 1 }, { name: 'hot', partialFilterExpression: { hot_until: { $exists: true } } });
/** Statistics: the busiest conversations. */
ConversationSchema.index({ 'summary.seq': -1 }, { name: 'busiest' });
