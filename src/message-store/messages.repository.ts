import type { Message, MessageStub } from './message';

/** What became of one message of a batch. */
export type AppendOutcome = 'stored' | 'seq_taken' | 'key_taken' | 'id_taken' | 'not_tried';

/** Port of the message log. */
export abstract class MessagesRepository {
  /**
   * The commit point: one insert, acknowledged when durable. `ordered` stops at the first refusal (messages of one
   * conversation); unordered tries every one (never two of one conversation).
   * @returns an outcome per message, in order.
   * @throws when the outcome is unknown (time-out, connection lost).
   */
  abstract append(messages: readonly Message[], ordered: boolean): Promise<AppendOutcome[]>;
  /** @returns the highest `seq`, 0 when there is none. */
  abstract top(conversationId: string): Promise<number>;
  /** Messages above `seq`, lowest first, without their contents. */
  abstract tail(conversationId: string, seq: number, limit: number): Promise<MessageStub[]>;
  /** Lowest first; `after` and `before` are exclusive; the newest `limit` of the range, or the oldest when `forward`. */
  abstract page(range: HistoryRange): Promise<Message[]>;
  abstract findById(messageId: string): Promise<Message | undefined>;
  abstract findByIds(messageIds: readonly string[]): Promise<Message[]>;
  abstract findByKey(conversationId: string, senderId: string, clientMessageId: string): Promise<Message | undefined>;
  /** @returns the highest `seq` that existed at `at`, 0 for none. */
  abstract seqAt(conversationId: string, at: Date): Promise<number>;
  /** The people who sent messages in (after, upTo], the newest 500 looked at. */
  abstract sendersBetween(conversationId: string, after: number, upTo: number): Promise<string[]>;
}

export interface HistoryRange {
  readonly conversationId: string;
  readonly after: number;
  readonly before: number;
  readonly limit: number;
  readonly forward: boolean;
}
