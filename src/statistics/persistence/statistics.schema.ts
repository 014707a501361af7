import { Prop, Schema, SchemaFactory } from '@nestjs/mongoose';

/** Sums over the message log up to the end of a minute; only minutes in which there was a message. */
@Schema({ collection: 'stats_minutes', versionKey: false })
export class MinuteDocument {
  /** The first moment of the minute. */
  @Prop({ type: Date, required: true }) _id: Date;
  @Prop({ type: Number, required: true }) messages: number;
  @Prop({ type: Number, required: true }) replies: number;
  @Prop({ type: Number, required: true }) reply_ms: number;
}
export const MinuteSchema = SchemaFactory.createForClass(MinuteDocument);

/** What a person has sent to a conversation. */
@Schema({ collection: 'stats_members', versionKey: false })
export class SentCountDocument {
  /** conversation_id/user_id */
  @Prop({ type: String, required: true }) _id: string;
  @Prop({ type: String, required: true }) conversation_id: string;
  @Prop({ type: String, required: true }) user_id: string;
  @Prop({ type: Number, required: true }) sent: number;
  @Prop({ type: Number, required: true }) sent_since: number;
  @Prop({ type: Number, required: true }) since_seq: number;
  /** Counted up to the end of it. */
  @Prop({ type: Date, required: true }) minute: Date;
}
export const SentCountSchema = SchemaFactory.createForClass(SentCountDocument);
/** A person's own statistics. */
SentCountSchema.index({ user_id: 1 }, { name: 'user' });

@Schema({ collection: 'stats_peaks', versionKey: false })
export class PeakDocument {
  @Prop({ type: String, required: true }) _id: string;
  @Prop({ type: Number, required: true }) people: number;
}
export const PeakSchema = SchemaFactory.createForClass(PeakDocument);
