import { Prop, Schema, SchemaFactory } from '@nestjs/mongoose';
import { SYNC_POINT_DAYS } from '../../contract/payloads';

@Schema({ collection: 'sync_points', versionKey: false })
export class SyncPointDocument {
  @Prop({ type: String, required: true }) _id: string;
  @Prop({ type: String, required: true }) user_id: string;
  @Prop({ type: Buffer, required: true }) positions: Buffer;
  @Prop({ type: Date, required: true }) at: Date;
}

export const SyncPointSchema = SchemaFactory.createForClass(SyncPointDocument);
SyncPointSchema.index({ at: 1 }, { name: 'expiry', expireAfterSeconds: SYNC_POINT_DAYS * 86_400 });
