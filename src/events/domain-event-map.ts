import type { ConversationPayload, MessagePayload } from '../contract/payloads';

/** Facts of the domain, past tense, plain payloads. Recipients come from membership at or after the commit. */
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
  'conversation.created': { conversation: ConversationPayload; recipientId: string };
  'user.deactivated': { userId: string };
}

export type DomainEventName = keyof DomainEventMap;
