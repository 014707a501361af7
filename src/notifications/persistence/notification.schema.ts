import { Prop, Schema, SchemaFactory } from '@nestjs/mongoose';

/** Who was told of which conversation, for the quiet time after it. */
@Schema({ collection: 'notifications', versionKey: false })
export class NotificationDocument {
  /** conversation_id/user_id */
  @Prop({ type: String, required: true }) _id: string;
  @Prop({ type: String, required: true }) user_id: string;
  @Prop({ type: Date, required: true }) at: Date;
}

export const NotificationSchema = SchemaFactory.createForClass(NotificationDocument);
/** Forgetting those whose quiet time is over. */
NotificationSchema.index({ at: 1 }, { name: 'at' });

@Schema({ collection: 'notification_progress', versionKey: false })
export class NotificationProgressDocument {
  @Prop({ type: String, required: true }) _id: string;
  /** Messages created up to then were looked at. */
  @Prop({ type: Date, required: true }) up_to: Date;
}

export const NotificationProgressSchema = SchemaFactory.createForClass(NotificationProgressDocument);
