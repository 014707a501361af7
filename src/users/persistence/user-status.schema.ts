import { Prop, Schema, SchemaFactory } from '@nestjs/mongoose';
import { ALL_ROLES, type Role } from '../../contract/roles';

/** `directory`: set by a sync or an import, stands above tokens (contract 1). */
export type RoleSource = 'token' | 'directory';
/** `default`: the username repeated, until a token or a source names the person. */
export type NameSource = 'default' | 'token' | 'directory';

@Schema({ collection: 'user_status', versionKey: false })
export class UserStatusDocument {
  /** The user id. */
  @Prop({ type: String, required: true }) _id: string;
  @Prop({ type: String, required: true }) username: string;
  @Prop({ type: String, required: true }) display_name: string;
  @Prop({ type: String, required: true, enum: ALL_ROLES }) role: Role;
  @Prop({ type: String, required: true }) role_source: RoleSource;
  @Prop({ type: String, required: true }) name_source: NameSource;
  @Prop({ type: Boolean, required: true }) is_active: boolean;
  /** Since when the role is `admin`. */
  @Prop({ type: Date }) admin_since?: Date;
  @Prop({ type: String }) email?: string;
  @Prop({ type: String }) avatar_url?: string;
  @Prop({ type: [String], default: undefined }) children?: string[];
  @Prop({ type: [String], default: undefined }) parents?: string[];
  @Prop({ type: Date, required: true }) created_at: Date;
  @Prop({ type: Date, required: true }) updated_at: Date;
}

export const UserStatusSchema = SchemaFactory.createForClass(UserStatusDocument);
/** Who takes part in support conversations: the administrators. */
UserStatusSchema.index({ role: 1 }, { name: 'admins', partialFilterExpression: { role: 'admin' } });
