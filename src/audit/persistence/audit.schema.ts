import { Prop, Schema, SchemaFactory } from '@nestjs/mongoose';
import type { AuditEntry } from '../audit-entry';

@Schema({ collection: 'audit', versionKey: false })
export class AuditDocument {
  @Prop({ type: String, required: true }) _id: string;
  @Prop({ type: Date, required: true }) at: Date;
  @Prop({ type: String, required: true }) action: AuditEntry['action'];
  @Prop({ type: String, required: true }) actor_id: string;
  @Prop({ type: String, required: true }) subject_id: string;
  @Prop({ type: Object }) details?: Record<string, string>;
}

export const AuditSchema = SchemaFactory.createForClass(AuditDocument);
/** What an operator asks: everything that was done to one person's data. */
AuditSchema.index({ subject_id: 1, at: 1 }, { name: 'subject_at' });
