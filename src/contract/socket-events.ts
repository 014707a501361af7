import type { ErrorCode } from './error-codes';
import type {
  ConversationPayload,
  MarkReadResult,
  MessagePayload,
  MessageStatus,
  MessageType,
  Metadata,
  UserInfo,
} from './payloads';

/** Names of the socket events (contract 4). Both directions share a name where the contract does. */
export const CLIENT_EVENTS = {
  authentication: 'authentication',
  message: 'message',
  messageRead: 'message_read',
  ping: 'ping',
} as const;

export const SERVER_EVENTS = {
  authenticated: 'authenticated',
  messageSent: 'message_sent',
  messageReceived: 'message_received',
  messageRead: 'message_read',
  conversationCreated: 'conversation_created',
  conversationUpdated: 'conversation_updated',
  conversationJoined: 'conversation_joined',
  conversationLeft: 'conversation_left',
  pong: 'pong',
  unauthorized: 'unauthorized',
  error: 'error',
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

/** A person came into a conversation, or left it. */
export interface ParticipantPayload {
  conversation_id: string;
  user_id: string;
}

export type UnauthorizedReason = 'token_expired' | 'auth_timeout' | 'user_inactive';

export interface ClientToServerEvents {
  authentication: (input: { token: string }, ack?: Reply<AuthenticatedPayload>) => void;
  message: (input: SendMessageInput, ack?: Reply<MessagePayload>) => void;
  message_read: (input: MessageReadInput, ack?: Reply<MarkReadResult>) => void;
  ping: (input: { timestamp?: string }, ack?: Reply<{ timestamp: string }>) => void;
}

export interface ServerToClientEvents {
  authenticated: (payload: AuthenticatedPayload) => void;
  message_sent: (payload: MessageSentPayload) => void;
  message_received: (payload: MessageReceivedPayload) => void;
  message_read: (payload: MessageReadPayload) => void;
  conversation_created: (payload: ConversationPayload) => void;
  conversation_updated: (payload: ConversationPayload) => void;
  conversation_joined: (payload: ParticipantPayload) => void;
  conversation_left: (payload: ParticipantPayload) => void;
  pong: (payload: { timestamp: string }) => void;
  unauthorized: (payload: { reason: UnauthorizedReason }) => void;
  error: (payload: ErrorBody) => void;
}
