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
}

export const MembershipSchema = SchemaFactory.createForClass(MembershipDocument);
/** Receipts of a conversation: every member's positions. */
MembershipSchema.index({ conversation_id: 1 }, { name: 'conversation' });

export const membershipId = (conversationId: string, userId: string): string => `${conversationId}/${userId}`;
