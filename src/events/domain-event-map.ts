import type { ConversationPayload, MessagePayload, PresencePayload } from '../contract/payloads';
import type { Role } from '../contract/roles';

/** How a person is shown from now on, and to whom. */
export interface PresenceAnnouncement {
  /** `status`: they were online before and are now, and chose another status. */
  change: 'online' | 'offline' | 'status';
  person: PresencePayload;
  recipientIds: readonly string[];
}

/**
 * Facts of the domain, past tense, plain payloads. Recipients come from membership at or after the commit. `relayed`: it
 * happened on another node, which has told all nodes.
 */
export interface DomainEventMap {
  'message.created': {
    message: MessagePayload;
    recipientIds: readonly string[];
    /** The socket that sent it: it gets the acknowledgement instead of the event. */
    originSocketId?: string;
  };
  'message.read': {
    conversationId: string;
    messageId: string;
    seq: number;
    readerId: string;
    /** ISO 8601. */
    readAt: string;
    /** Users whose devices hear of it; the reader is among them for the other devices. */
    recipientIds: readonly string[];
    originSocketId?: string;
  };
  'message.delivered': {
    conversationId: string;
    messageId: string;
    seq: number;
    /** Whose device has received it. */
    userId: string;
    /** ISO 8601. */
    deliveredAt: string;
    recipientIds: readonly string[];
  };
  /** The typing person is not among the recipients. Several nodes look up who hears of it when they tell it. */
  'typing.changed': {
    conversationId: string;
    userId: string;
    userName: string;
    isTyping: boolean;
    recipientIds: readonly string[];
    relayed?: true;
  };
  /** Told to one participant, as that one sees it. */
  'message.updated': { message: MessagePayload; recipientId: string };
  'message.deleted': {
    conversationId: string;
    messageId: string;
    seq: number;
    recipientIds: readonly string[];
  };
  /** Recipients who see the same; a conversation that looks different to people is told once per view. */
  'conversation.created': { conversation: ConversationPayload; recipientIds: readonly string[] };
  'conversation.updated': { conversation: ConversationPayload; recipientIds: readonly string[] };
  'conversation.joined': { conversationId: string; userId: string; recipientIds: readonly string[] };
  /** The person who left is among the recipients. */
  'conversation.left': { conversationId: string; userId: string; recipientIds: readonly string[]; relayed?: true };
  'presence.changed': PresenceAnnouncement;
  /** What the directory says of a person now, as far as rights go by it. */
  'user.changed': { userId: string; role: Role; isActive: boolean; relayed?: true };
  'user.deactivated': { userId: string; relayed?: true };
  /** The role that counts is another one from now on: rights on open sockets follow it. */
  'user.role_changed': { userId: string; from: Role; to: Role; relayed?: true };
  /** Somebody signed in or asked with a token; at most every few seconds for one person. */
  'user.seen': { userId: string };
}

export type DomainEventName = keyof DomainEventMap;
