import type { ErrorCode } from './error-codes';
import type { Role } from './roles';

/** Objects as clients see them (contract 2). Dates are ISO 8601 UTC with milliseconds. */
export const MESSAGE_TYPES = ['text', 'image', 'file', 'system'] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];
export type MessageStatus = 'sent' | 'delivered' | 'read';
export type Metadata = Record<string, string | number | boolean | null>;

export const CONVERSATION_TYPES = ['direct', 'group', 'support'] as const;
export type ConversationType = (typeof CONVERSATION_TYPES)[number];
export const POSTING = ['everyone', 'staff'] as const;
export type Posting = (typeof POSTING)[number];
export const HISTORY = ['all', 'joined'] as const;
export type History = (typeof HISTORY)[number];

export const ONLINE_STATUSES = ['online', 'offline', 'away', 'busy'] as const;
export type OnlineStatus = (typeof ONLINE_STATUSES)[number];

/** What a person chooses to be shown as while connected. */
export const CHOSEN_STATUSES = ['online', 'away', 'busy'] as const;
export type ChosenStatus = (typeof CHOSEN_STATUSES)[number];

export interface NotificationSettings {
  email_notifications: boolean;
  push_notifications: boolean;
  sound_notifications: boolean;
  desktop_notifications: boolean;
}

export const DEFAULT_NOTIFICATION_SETTINGS: Readonly<NotificationSettings> = {
  email_notifications: true,
  push_notifications: true,
  sound_notifications: true,
  desktop_notifications: true,
};

/** Somebody else, as one sees them. */
export interface UserStatusPayload {
  user_id: string;
  username: string;
  display_name: string;
  role: Role;
  avatar_url: string | null;
  online_status: OnlineStatus;
  last_seen: string | null;
}

/** Somebody came online, went offline or chose another status (contract 4). */
export type PresencePayload = Pick<
  UserStatusPayload,
  'user_id' | 'username' | 'display_name' | 'online_status' | 'last_seen'
>;

export interface WebsocketStats {
  total_connections: number;
  authenticated_connections: number;
  users_online: number;
  active_conversations: number;
  typing_users: number;
}

/** A person's own figures. */
export interface OwnStatistics {
  total_conversations: number;
  /** With a message in the last 30 days. */
  active_conversations: number;
  unread_messages: number;
  total_messages_sent: number;
  total_messages_received: number;
}

/** Figures of the whole service, for administrators. */
export interface ServiceStatistics {
  database: { store: 'embedded' | 'mongodb'; connected: boolean; latency_ms: number };
  websocket: WebsocketStats;
  performance: {
    average_response_time_ms: number;
    average_reply_seconds: number;
    messages_per_minute: number;
    peak_concurrent_users: number;
  };
  usage: {
    total_messages: number;
    total_messages_today: number;
    total_messages_this_week: number;
    total_messages_this_month: number;
    daily_active_users: number;
    weekly_active_users: number;
    monthly_active_users: number;
  };
  busiest_conversations: { conversation_id: string; messages: number }[];
  timestamp: string;
}

/** Oneself. */
export interface OwnStatusPayload extends UserStatusPayload {
  /** Ids of one's open connections. */
  active_connections: string[];
  notification_settings: NotificationSettings;
}

export interface MessagePayload {
  message_id: string;
  conversation_id: string;
  seq: number;
  client_message_id: string | null;
  sender_id: string;
  sender_name: string;
  sender_role: Role | 'service';
  recipient_id: string | null;
  content: string;
  message_type: MessageType;
  status: MessageStatus;
  is_read: boolean;
  read_at: string | null;
  /** In conversations of up to 50 participants; above, the counts below stand instead. */
  read_by?: string[];
  delivered_to?: string[];
  read_count?: number;
  delivered_count?: number;
  reply_to: string | null;
  attachments: never[];
  metadata: Metadata;
  created_at: string;
  updated_at: string;
  is_edited: boolean;
  is_deleted: boolean;
}

/** How far one other participant has come with a message. */
export interface ReceiptPayload {
  user_id: string;
  delivered_at: string | null;
  read_at: string | null;
}

/** An earlier text, and when a newer one took its place. */
export interface EditPayload {
  content: string;
  edited_at: string;
}

/** The single view: receipts and edits are for its sender only. */
export interface MessageDetailsPayload extends MessagePayload {
  receipts?: ReceiptPayload[];
  edits?: EditPayload[];
}

export interface ParticipantDetails {
  user_id: string;
  username: string;
  display_name: string;
  role: Role | 'service';
  avatar_url: string | null;
  online_status: OnlineStatus;
  last_read_seq: number;
  last_delivered_seq: number;
}

export interface ConversationPayload {
  conversation_id: string;
  conversation_type: ConversationType;
  participants: string[];
  participant_count: number;
  participant_details: ParticipantDetails[];
  title: string | null;
  description: string | null;
  avatar_url: string | null;
  posting: Posting;
  history: History;
  created_by: string;
  last_message_id: string | null;
  last_message_content: string | null;
  last_message_at: string | null;
  last_message_by: string | null;
  last_seq: number;
  total_messages: number;
  unread_count: number;
  is_muted: boolean;
  muted_until: string | null;
  is_archived: boolean;
  created_at: string;
  updated_at: string;
}

export interface HistoryPage {
  messages: MessagePayload[];
  total_count: number;
  page: number;
  limit: number;
  has_more: boolean;
}

export interface ConversationPage {
  conversations: ConversationPayload[];
  total_count: number;
  page: number;
  limit: number;
}

export interface MarkReadResult {
  success: true;
  message_id: string;
  conversation_id: string;
  read_at: string;
  unread_count: number;
}

export interface ParticipantRemoved {
  success: true;
  conversation_id: string;
  user_id: string;
}

/** As MarkReadResult; without messages there is none to name. */
export interface MarkAllReadResult {
  success: true;
  message_id: string | null;
  conversation_id: string;
  read_at: string | null;
  unread_count: number;
}

export interface SystemMessageResult {
  recipient_id: string;
  message_id?: string;
  conversation_id?: string;
  error_code?: ErrorCode;
}

export interface DeliveredResult {
  conversation_id: string;
  /** The position that stands now: everything up to here is delivered. */
  seq: number;
}

export interface SystemMessageResults {
  results: SystemMessageResult[];
}

export interface UserInfo {
  user_id: string;
  username: string;
  display_name: string;
  role: Role;
}

/** How long a sync cursor is kept (contract 6.4). */
export const SYNC_POINT_DAYS = 30;
export const SYNC_EVENT_TYPES = [
  'message_received',
  'message_updated',
  'message_deleted',
  'message_read',
  'message_delivered',
  'conversation_created',
  'conversation_updated',
  'conversation_left',
] as const;
export interface SyncEvent {
  type: (typeof SYNC_EVENT_TYPES)[number];
  data: object;
}

export interface SyncResult {
  events: SyncEvent[];
  cursor: string;
  has_more: boolean;
  /** The cursor given was older than 30 days or of somebody else: load the lists again. */
  cursor_expired?: true;
}
