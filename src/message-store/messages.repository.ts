import type { Change, Message, MessagePlace, MessageStub } from './message';

/** What became of one message of a batch. */
export type AppendOutcome = 'stored' | 'seq_taken' | 'key_taken' | 'id_taken' | 'not_tried';

/** What became of a change: `stale` when the message changed meanwhile, `mod_taken` when another change took the place. */
export type ChangeOutcome = 'done' | 'stale' | 'mod_taken';

/** A range of one conversation: (after, upTo]. */
export interface SeqRange {
  readonly conversationId: string;
  readonly after: number;
  readonly upTo: number;
}

/** Port of the message log. */
export abstract class MessagesRepository {
  /**
   * The commit point: one insert, acknowledged when durable. `ordered` stops at the first refusal (messages of one
   * conversation); unordered tries every one (never two of one conversation).
   * @returns an outcome per message, in order.
   * @throws when the outcome is unknown (time-out, connection lost).
   */
  abstract append(messages: readonly Message[], ordered: boolean): Promise<AppendOutcome[]>;
  /** @returns the highest `seq` and when it was created; undefined when there is none. */
  abstract top(conversationId: string): Promise<Pick<Message, 'seq' | 'createdAt'> | undefined>;
  /** Messages above `seq`, lowest first, without their contents. */
  abstract tail(conversationId: string, seq: number, limit: number): Promise<MessageStub[]>;
  /**
   * The tails of many conversations at once.
   * @param above the place above which each one's begins, by conversation
   * @returns them lowest first, those that are empty left out; undefined when there are too many for one answer
   */
  abstract tails(above: ReadonlyMap<string, number>): Promise<Map<string, MessageStub[]> | undefined>;
  /** Lowest first; `after` and `before` are exclusive; the newest `limit` of the range, or the oldest when `forward`. */
  abstract page(range: HistoryRange): Promise<Message[]>;
  /** Messages whose last change has a place above `mod`, in the order of the changes. */
  abstract changedSince(conversationId: string, mod: number, limit: number): Promise<Message[]>;
  /** @returns the ids of the messages at these places; those that are gone are left out. */
  abstract idsAt(conversationId: string, seqs: readonly number[]): Promise<Map<number, string>>;
  abstract findById(messageId: string): Promise<Message | undefined>;
  abstract findByIds(messageIds: readonly string[]): Promise<Message[]>;
  abstract findByKey(conversationId: string, senderId: string, clientMessageId: string): Promise<Message | undefined>;
  /** @returns the highest `seq` that existed at `at`, 0 for none. */
  abstract seqAt(conversationId: string, at: Date): Promise<number>;
  /** Messages created in (after, upTo], oldest first, of all conversations. */
  abstract createdBetween(after: Date, upTo: Date, limit: number): Promise<Message[]>;
  /** The places of messages created before `at`, oldest first, of all conversations. */
  abstract createdBefore(at: Date, limit: number): Promise<MessagePlace[]>;
  /** Takes messages off the disk. Only retention does: the floor of their conversation has to be raised first. */
  abstract remove(messageIds: readonly string[]): Promise<void>;
  /** The people who sent messages in (after, upTo], the newest 500 looked at. */
  abstract sendersBetween(conversationId: string, after: number, upTo: number): Promise<string[]>;
  /**
   * One person's messages in the order of their times, contents included, tombstones too.
   * @param after the last message of the page before; undefined: from the beginning
   */
  abstract sentBy(senderId: string, after: Moment | undefined, limit: number): Promise<Message[]>;
  /** @returns the highest `mod` that a message carries, 0 when there is none. */
  abstract topMod(conversationId: string): Promise<number>;
  /** As `topMod` for many conversations: those alone that go above the place given; undefined as for `tails`. */
  abstract topMods(above: ReadonlyMap<string, number>): Promise<Map<string, number> | undefined>;
  /**
   * One update that carries its place: changes `message` if nobody has since it was read.
   * @throws when the outcome is unknown (time-out, connection lost).
   */
  abstract change(message: Message, change: Change, mod: number): Promise<ChangeOutcome>;
  /** The messages of some ranges, in no order. */
  abstract between(ranges: readonly SeqRange[]): Promise<Message[]>;
  /** @returns the places of the deleted messages in each range, by conversation; those without one are left out. */
  abstract deletedSeqs(ranges: readonly SeqRange[]): Promise<Map<string, number[]>>;
}

/** Where a message stands. */
export type Moment = Pick<Message, 'createdAt' | 'id'>;

export interface HistoryRange {
  readonly conversationId: string;
  readonly after: number;
  readonly before: number;
  readonly limit: number;
  readonly forward: boolean;
}
