import type { Message } from './message';

/** What counting needs of a message: never its content. */
export type SentMessage = Pick<Message, 'conversationId' | 'seq' | 'senderId' | 'senderRole' | 'createdAt'>;

export interface Place {
  readonly conversationId: string;
  readonly seq: number;
}

/** Port: the messages of all conversations in the order of time, deleted ones among them. */
export abstract class MessageTimeline {
  /** Created in [from, before), oldest first; at most `limit` of them. */
  abstract between(from: Date, before: Date, limit?: number): Promise<SentMessage[]>;
  /** Created by one person from `from` on. */
  abstract bySenderSince(senderId: string, from: Date): Promise<SentMessage[]>;
  /** Those of the places that are still there, in no order. */
  abstract at(places: readonly Place[]): Promise<SentMessage[]>;
}
