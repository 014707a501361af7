import { Prop, Schema, SchemaFactory } from '@nestjs/mongoose';

/** One document: the count and the last notes change in one write, so that the count says which notes are new. */
@Schema({ collection: 'rights_journal', versionKey: false })
export class RightsJournalDocument {
  @Prop({ type: String, required: true }) _id: string;
  @Prop({ type: Number, required: true }) count: number;
  /** The last ones, oldest first. An empty list: more people than are named. */
  @Prop({ type: [{ _id: false, user_ids: [String] }], required: true }) notes: { user_ids: string[] }[];
}

export const RightsJournalSchema = SchemaFactory.createForClass(RightsJournalDocument);
