import { Prop, Schema, SchemaFactory } from '@nestjs/mongoose';
import type { NotificationSettings, OnlineStatus } from '../../contract/payloads';
import { ALL_ROLES, type Role } from '../../contract/roles';
import type { NameSource, RoleSource, Speaker } from '../directory-entry';

@Schema({ collection: 'user_status', versionKey: false })
export class UserStatusDocument {
  /** The user id. */
  @Prop({ type: String, required: true }) _id: string;
  @Prop({ type: String, required: true }) username: string;
  @Prop({ type: String, required: true }) display_name: string;
  /** The display name folded, and the same with its last word first: people are looked for by either name. */
  @Prop({ type: String, required: true }) search_key: string;
  @Prop({ type: String, required: true }) search_key_last: string;
  @Prop({ type: String, required: true, enum: ALL_ROLES }) role: Role;
  @Prop({ type: String, required: true }) role_source: RoleSource;
  @Prop({ type: String, required: true }) name_source: NameSource;
  @Prop({ type: Boolean, required: true }) is_active: boolean;
  @Prop({ type: String }) inactive_by?: Speaker;
  /** Since when the role is `admin`. */
  @Prop({ type: Date }) admin_since?: Date;
  /** When it last ceased to be. */
  @Prop({ type: Date }) admin_until?: Date;
  @Prop({ type: String }) email?: string;
  @Prop({ type: String }) avatar_url?: string;
  @Prop({ type: [String], default: undefined }) children?: string[];
  @Prop({ type: [String], default: undefined }) parents?: string[];
  @Prop({ type: Date }) looked_up_at?: Date;
  @Prop({ type: String }) chosen_status?: Exclude<OnlineStatus, 'offline'>;
  @Prop({ type: Date }) last_seen?: Date;
  /** When they last signed in or wrote; to the day (of DEFAULT_TIMEZONE). */
  @Prop({ type: Date }) active_at?: Date;
  @Prop({ type: Object }) notification_settings?: Partial<NotificationSettings>;
  /** Erased then (data protection): no source brings the person back. */
  @Prop({ type: Date }) erased_at?: Date;
  @Prop({ type: Date, required: true }) created_at: Date;
  @Prop({ type: Date, required: true }) updated_at: Date;
}

export const UserStatusSchema = SchemaFactory.createForClass(UserStatusDocument);
/** GET users: active people of one role by the beginning of their name, either way round. */
for (const key of ['search_key', 'search_key_last'] as const) {
  UserStatusSchema.index({ role: 1, [key]: 1 }, { name: `role_${key}`, partialFilterExpression: { is_active: true } });
}
/** Who takes part in support conversations: the administrators. */
UserStatusSchema.index({ role: 1 }, { name: 'admins', partialFilterExpression: { role: 'admin' } });
/** Statistics: people who were active of late. */
UserStatusSchema.index({ active_at: 1 }, { name: 'active', partialFilterExpression: { active_at: { $exists: true } } });
