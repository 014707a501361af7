import type { ErrorCode } from './error-codes';
import type {
  ChosenStatus,
  ConversationPayload,
  DeliveredResult,
  MarkReadResult,
  MessagePayload,
  MessageStatus,
  MessageType,
  Metadata,
  OwnStatusPayload,
  PresencePayload,
  UserInfo,
  SyncResult,
} from './payloads';

/** Names of the socket events (contract 4). Both directions share a name where the contract does. */
export const CLIENT_EVENTS = {
  authentication: 'authentication',
  message: 'message',
  messageRead: 'message_read',
  messageDelivered: 'message_delivered',
  messageTyping: 'message_typing',
  messageStopTyping: 'message_stop_typing',
  conversationJoin: 'conversation_join',
  conversationLeave: 'conversation_leave',
  messageEdit: 'message_edit',
  messageDelete: 'message_delete',
  userStatusChange: 'user_status_change',
  sync: 'sync',
  ping: 'ping',
} as const;

/** What a connection may send before it is known who sits there (contract 1). */
export const OPEN_EVENTS: readonly string[] = [CLIENT_EVENTS.authentication, CLIENT_EVENTS.ping];

export const SERVER_EVENTS = {
  authenticated: 'authenticated',
  messageSent: 'message_sent',
  messageReceived: 'message_received',
  messageRead: 'message_read',
  messageDelivered: 'message_delivered',
  messageTyping: 'message_typing',
  messageStopTyping: 'message_stop_typing',
  messageUpdated: 'message_updated',
  messageDeleted: 'message_deleted',
  userOnline: 'user_online',
  userOffline: 'user_offline',
  userStatusChange: 'user_status_change',
  conversationCreated: 'conversation_created',
  conversationUpdated: 'conversation_updated',
  conversationJoined: 'conversation_joined',
  conversationLeft: 'conversation_left',
  sync: 'sync',
  syncRequired: 'sync_required',
  pong: 'pong',
  unauthorized: 'unauthorized',
  error: 'error',
} as const;

/** What answers a client's event when it gave no callback; the others have no answer event (contract 4). */
export const ANSWER_EVENTS = {
  [CLIENT_EVENTS.authentication]: SERVER_EVENTS.authenticated,
  [CLIENT_EVENTS.message]: SERVER_EVENTS.messageSent,
  [CLIENT_EVENTS.conversationJoin]: SERVER_EVENTS.conversationJoined,
  [CLIENT_EVENTS.conversationLeave]: SERVER_EVENTS.conversationLeft,
  [CLIENT_EVENTS.sync]: SERVER_EVENTS.sync,
  [CLIENT_EVENTS.ping]: SERVER_EVENTS.pong,
} as const;

export interface ErrorBody {
  error_code: ErrorCode;
  message: string;
  details?: Record<string, unknown>;
}

/** The acknowledgement is part of the type, so that no handler can forget it. */
export type Ack<T> = { ok: true; data: T } | { ok: false; error: ErrorBody };
type Reply<T> = (reply: Ack<T>) => void;

export interface SendMessageInput {
  conversation_id?: string;
  recipient_id?: string;
  content: string;
  message_type?: MessageType;
  reply_to?: string;
  metadata?: Metadata;
  client_message_id?: string;
}

export interface MessageReadInput {
  message_id: string;
  conversation_id?: string;
}

/** By its id, or by its place: one of the two. */
export interface MessageDeliveredInput {
  message_id?: string;
  conversation_id?: string;
  seq?: number;
}

export interface ConversationInput {
  conversation_id: string;
}

export interface MessageEditInput {
  message_id: string;
  content: string;
}

export interface MessageDeleteInput {
  message_id: string;
}

export interface UserStatusInput {
  online_status: ChosenStatus;
}

export interface SyncInput {
  since?: string;
  limit?: number;
}

export interface AuthenticatedPayload {
  user_info: UserInfo;
  timestamp: string;
}

export interface MessageSentPayload {
  message_id: string;
  conversation_id: string;
  client_message_id: string | null;
  seq: number;
  status: MessageStatus;
  timestamp: string;
}

export type MessageReceivedPayload = MessagePayload & { timestamp: string };

/** Cumulative: everything up to `seq` is read by `read_by`. */
export interface MessageReadPayload {
  conversation_id: string;
  message_id: string;
  seq: number;
  read_by: string;
  read_at: string;
}

/** Cumulative: everything up to `seq` has reached a device of `delivered_to`. */
export interface MessageDeliveredPayload {
  conversation_id: string;
  message_id: string;
  seq: number;
  delivered_to: string;
  delivered_at: string;
}

export interface TypingPayload {
  conversation_id: string;
  user_id: string;
  user_name: string;
  is_typing: boolean;
}

/** A person came into a conversation or left it; as an answer: the view is open on this socket, or closed. */
export interface ParticipantPayload {
  conversation_id: string;
  user_id: string;
}

export interface MessageDeletedPayload {
  conversation_id: string;
  message_id: string;
  seq: number;
}

/** `missed_events`: live events may be missing, so that the client asks for what it missed. */
export const SYNC_REASONS = ['missed_events'] as const;
export type SyncReason = (typeof SYNC_REASONS)[number];

export const UNAUTHORIZED_REASONS = ['token_expired', 'auth_timeout', 'user_inactive'] as const;
export type UnauthorizedReason = (typeof UNAUTHORIZED_REASONS)[number];

export interface ClientToServerEvents {
  authentication: (input: { token: string }, ack?: Reply<AuthenticatedPayload>) => void;
  message: (input: SendMessageInput, ack?: Reply<MessagePayload>) => void;
  message_read: (input: MessageReadInput, ack?: Reply<MarkReadResult>) => void;
  message_delivered: (input: MessageDeliveredInput, ack?: Reply<DeliveredResult>) => void;
  /** A flood is dropped silently: then the answer names nothing. */
  message_typing: (input: ConversationInput, ack?: Reply<Partial<ConversationInput>>) => void;
  message_stop_typing: (input: ConversationInput, ack?: Reply<Partial<ConversationInput>>) => void;
  conversation_join: (input: ConversationInput, ack?: Reply<ParticipantPayload>) => void;
  conversation_leave: (input: ConversationInput, ack?: Reply<ParticipantPayload>) => void;
  message_edit: (input: MessageEditInput, ack?: Reply<MessagePayload>) => void;
  message_delete: (input: MessageDeleteInput, ack?: Reply<MessagePayload>) => void;
  user_status_change: (input: UserStatusInput, ack?: Reply<OwnStatusPayload>) => void;
  sync: (input: SyncInput, ack?: Reply<SyncResult>) => void;
  ping: (input: { timestamp?: unknown }, ack?: Reply<{ timestamp: string }>) => void;
}

export interface ServerToClientEvents {
  authenticated: (payload: AuthenticatedPayload) => void;
  message_sent: (payload: MessageSentPayload) => void;
  message_received: (payload: MessageReceivedPayload) => void;
  message_read: (payload: MessageReadPayload) => void;
  message_delivered: (payload: MessageDeliveredPayload) => void;
  message_typing: (payload: TypingPayload) => void;
  message_stop_typing: (payload: TypingPayload) => void;
  message_updated: (payload: MessagePayload) => void;
  message_deleted: (payload: MessageDeletedPayload) => void;
  user_online: (payload: PresencePayload) => void;
  user_offline: (payload: PresencePayload) => void;
  user_status_change: (payload: PresencePayload) => void;
  conversation_created: (payload: ConversationPayload) => void;
  conversation_updated: (payload: ConversationPayload) => void;
  conversation_joined: (payload: ParticipantPayload) => void;
  conversation_left: (payload: ParticipantPayload) => void;
  sync: (payload: SyncResult) => void;
  sync_required: (payload: { reason: SyncReason }) => void;
  pong: (payload: { timestamp: string }) => void;
  unauthorized: (payload: { reason: UnauthorizedReason }) => void;
  error: (payload: ErrorBody) => void;
}
