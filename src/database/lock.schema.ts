import { Prop, Schema, SchemaFactory } from '@nestjs/mongoose';

@Schema({ collection: 'locks', versionKey: false })
export class LockDocument {
  /** Name of the work. */
  @Prop({ type: String, required: true }) _id: string;
  /** Who holds it; a new one with every taking. */
  @Prop({ type: String, required: true }) holder: string;
  @Prop({ type: Date, required: true }) until: Date;
  /** When the work was last done. */
  @Prop({ type: Date, required: true }) done_at: Date;
}

export const LockSchema = SchemaFactory.createForClass(LockDocument);
