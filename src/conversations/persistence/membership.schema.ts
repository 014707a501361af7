import { Prop, Schema, SchemaFactory } from '@nestjs/mongoose';

@Schema({ _id: false, versionKey: false })
export class ReadMarkDocument {
  @Prop({ type: Number, required: true }) seq: number;
  @Prop({ type: Date, required: true }) at: Date;
}

@Schema({ collection: 'memberships', versionKey: false })
export class MembershipDocument {
  /** conversation_id/user_id */
  @Prop({ type: String, required: true }) _id: string;
  @Prop({ type: String, required: true }) conversation_id: string;
  @Prop({ type: String, required: true }) user_id: string;
  @Prop({ type: Number, required: true }) joined_seq: number;
  @Prop({ type: Number, required: true }) read_seq: number;
  @Prop({ type: Date }) read_at?: Date;
  @Prop({ type: Number, required: true }) delivered_seq: number;
  @Prop({ type: [ReadMarkDocument], required: true }) read_marks: ReadMarkDocument[];
  @Prop({ type: [ReadMarkDocument], default: undefined }) delivered_marks?: ReadMarkDocument[];
  @Prop({ type: Number }) archived_seq?: number;
  @Prop({ type: Date }) muted_until?: Date;
  @Prop({ type: ReadMarkDocument }) role_begin?: ReadMarkDocument;
  /** When the person last left or was taken out; stays when they come in again. */
  @Prop({ type: Date }) left_at?: Date;
}

export const MembershipSchema = SchemaFactory.createForClass(MembershipDocument);
/** Receipts of a conversation: every member's positions. */
MembershipSchema.index({ conversation_id: 1 }, { name: 'conversation' });
/** The list filtered by what is unread: the person's positions. */
MembershipSchema.index({ user_id: 1 }, { name: 'user' });
/** The list without what the person has archived. */
MembershipSchema.index(
  { user_id: 1, archived_seq: 1 },
  { name: 'user_archived', partialFilterExpression: { archived_seq: { $exists: true } } },
);
/** `sync`: what the person left of late. */
MembershipSchema.index(
  { user_id: 1, left_at: 1 },
  { name: 'user_left', partialFilterExpression: { left_at: { $exists: true } } },
);

export const membershipId = (conversationId: string, userId: string): string => `${conversationId}/${userId}`;
