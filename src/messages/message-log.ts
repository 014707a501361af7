import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { DomainError } from '../common/errors/domain-error';
import { ConversationsRepository } from '../conversations/conversations.repository';
import type { Message, MessageDraft } from '../message-store/message';
import { MessagesRepository, type AppendOutcome } from '../message-store/messages.repository';

/** How long a mark stands, and when it is renewed (docs/adr/0002). */
const HOT_MS = 60_000;
const RENEW_MS = 5_000;
const BATCH = 100;
/** Batches under way at once: enough to keep the store busy, few enough that batches grow under load. */
const IN_FLIGHT = 4;
const LANE_IDLE_MS = 120_000;
const LANES_SWEPT_ABOVE = 5_000;

export interface Appended {
  readonly message: Message;
  /** The key was known: nothing was stored now. */
  readonly duplicate: boolean;
}

interface Pending {
  readonly draft: MessageDraft;
  readonly onCommit: (message: Message, previousSenderId: string | undefined) => void;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

/** One conversation's queue: one batch in flight, numbers in the order of commit. */
interface Lane {
  readonly id: string;
  readonly queue: Pending[];
  busy: boolean;
  /** Highest acknowledged `seq`; unknown at first and after any doubt. */
  head: number | undefined;
  lastAt: number;
  lastSenderId: string | undefined;
  hotUntil: number;
  usedAt: number;
}

interface Item {
  readonly lane: Lane;
  readonly pending: Pending;
  readonly message: Message;
}

/**
 * Gives messages their place and commits them: one ordered batch per conversation at a time, conversations with a
 * single waiting message sharing one unordered batch. The unique index on (conversation, seq) decides between nodes;
 * who loses takes the next number. Design and proof of density: docs/adr/0002.
 */
@Injectable()
export class MessageLog {
  private readonly lanes = new Map<string, Lane>();
  private readonly ready = new Set<Lane>();
  private inFlight = 0;
  private scheduled = false;

  constructor(
    private readonly messages: MessagesRepository,
    private readonly conversations: ConversationsRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Appends a message and waits until it is durable.
   * @param onCommit called once, synchronously and in `seq` order within the conversation, only for a new message; told
   *   who sent the message before it, when known.
   * @throws DATABASE_UNAVAILABLE when the outcome is unknown: the same key asks again. CONFLICT is the caller's to tell.
   */
  append(draft: MessageDraft, onCommit: Pending['onCommit']): Promise<Appended> {
    return new Promise((resolve, reject) => {
      const lane = this.laneOf(draft.conversationId);
      lane.queue.push({ draft, onCommit, resolve, reject });
      this.wake(lane);
    });
  }

  private laneOf(id: string): Lane {
    const known = this.lanes.get(id);
    if (known) return known;
    if (this.lanes.size >= LANES_SWEPT_ABOVE) this.sweep();
    const lane: Lane = {
      id,
      queue: [],
      busy: false,
      head: undefined,
      lastAt: 0,
      lastSenderId: undefined,
      hotUntil: 0,
      usedAt: this.clock.now(),
    };
    this.lanes.set(id, lane);
    return lane;
  }

  private sweep(): void {
    const before = this.clock.now() - LANE_IDLE_MS;
    for (const lane of this.lanes.values()) {
      if (!lane.busy && lane.queue.length === 0 && lane.usedAt < before) this.lanes.delete(lane.id);
    }
  }

  /** Gathers what arrives in one turn of the event loop. */
  private wake(lane: Lane): void {
    if (lane.busy || lane.queue.length === 0) return;
    this.ready.add(lane);
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.pump();
    });
  }

  private pump(): void {
    const now = this.clock.now();
    const cold: Lane[] = [];
    for (const lane of this.ready) {
      if (lane.head !== undefined && lane.hotUntil - now >= RENEW_MS) continue;
      this.ready.delete(lane);
      lane.busy = true;
      cold.push(lane);
    }
    if (cold.length > 0) void this.warm(cold);
    while (this.inFlight < IN_FLIGHT && this.ready.size > 0) void this.run(...this.takeBatch());
  }

  /** Either all lanes with one waiting message (unordered), or one lane with several (ordered). */
  private takeBatch(): [items: Item[], ordered: boolean] {
    const singles: Lane[] = [];
    for (const lane of this.ready) {
      if (lane.queue.length > 1) {
        this.ready.delete(lane);
        return [this.number(lane), true];
      }
      if (singles.length < BATCH) singles.push(lane);
    }
    for (const lane of singles) this.ready.delete(lane);
    return [singles.flatMap((lane) => this.number(lane)), false];
  }

  private number(lane: Lane): Item[] {
    lane.busy = true;
    const head = lane.head ?? 0;
    const at = new Date(Math.max(this.clock.now(), lane.lastAt));
    return lane.queue.splice(0, BATCH).map((pending, index) => ({
      lane,
      pending,
      message: {
        ...pending.draft,
        seq: head + 1 + index,
        isEdited: false,
        isDeleted: false,
        createdAt: at,
        updatedAt: at,
      },
    }));
  }

  /** Marks hot before the first write of a busy spell, and learns the head where it is unknown. */
  private async warm(lanes: readonly Lane[]): Promise<void> {
    try {
      await this.keepHot(lanes);
      const unknown = lanes.filter((lane) => lane.head === undefined);
      const seqs = await this.conversations.summarySeqs(unknown.map(({ id }) => id));
      await Promise.all(
        unknown.map(async (lane) => {
          const top = await this.messages.top(lane.id);
          lane.head = Math.max(top, seqs.get(lane.id) ?? 0);
        }),
      );
    } catch (error) {
      for (const lane of lanes) for (const pending of lane.queue.splice(0)) pending.reject(error);
    }
    for (const lane of lanes) this.release(lane);
  }

  private async keepHot(lanes: readonly Lane[]): Promise<void> {
    const until = this.clock.now() + HOT_MS;
    await this.conversations.markHot(
      lanes.map(({ id }) => id),
      new Date(until),
    );
    for (const lane of lanes) lane.hotUntil = until;
  }

  private release(lane: Lane): void {
    lane.busy = false;
    lane.usedAt = this.clock.now();
    this.wake(lane);
  }

  private async run(items: Item[], ordered: boolean): Promise<void> {
    this.inFlight += 1;
    const lanes = new Set(items.map(({ lane }) => lane));
    try {
      const outcomes = await this.messages.append(
        items.map(({ message }) => message),
        ordered,
      );
      await this.settleOutcomes(items, outcomes);
    } catch (error) {
      await this.resolveUnknown(items, error);
    } finally {
      this.inFlight -= 1;
      for (const lane of lanes) this.release(lane);
      this.pump();
    }
  }

  private async settleOutcomes(items: readonly Item[], outcomes: readonly AppendOutcome[]): Promise<void> {
    const now = this.clock.now();
    // The process may have been stopped in between: readers must be warned before the message is acknowledged.
    const cooled = [...new Set(items.map(({ lane }) => lane))].filter((lane) => lane.hotUntil <= now);
    if (cooled.length > 0) await this.keepHot(cooled);
    const retry: Item[] = [];
    for (const [index, item] of items.entries()) {
      const outcome = outcomes[index] ?? 'not_tried';
      if (outcome === 'stored') this.commit(item);
      else if (outcome === 'key_taken') await this.answerKnown(item);
      else {
        // Another node took the number, or an earlier try of ours landed after all: look again.
        if (outcome !== 'not_tried') item.lane.head = undefined;
        if (outcome === 'id_taken') await this.answerStored(item);
        else retry.push(item);
      }
    }
    for (const { lane, pending } of retry.reverse()) lane.queue.unshift(pending);
  }

  private commit({ lane, pending, message }: Item): void {
    const previousSenderId = lane.lastSenderId;
    lane.head = message.seq;
    lane.lastAt = message.createdAt.getTime();
    lane.lastSenderId = message.senderId;
    pending.onCommit(message, previousSenderId);
    pending.resolve({ message, duplicate: false });
  }

  private async answerKnown({ pending }: Item): Promise<void> {
    const { conversationId, senderId, clientMessageId } = pending.draft;
    try {
      const first = await this.messages.findByKey(conversationId, senderId, clientMessageId ?? '');
      if (first) pending.resolve({ message: first, duplicate: true });
      else pending.reject(new DomainError('PROCESSING_ERROR'));
    } catch (error) {
      pending.reject(error);
    }
  }

  private async answerStored(item: Item): Promise<void> {
    try {
      const stored = await this.messages.findById(item.message.id);
      if (stored) {
        item.pending.onCommit(stored, undefined);
        item.pending.resolve({ message: stored, duplicate: false });
      } else item.pending.reject(new DomainError('PROCESSING_ERROR'));
    } catch (error) {
      item.pending.reject(error);
    }
  }

  /** No answer is not a refusal: what the store holds decides; what it cannot tell, the client asks again by its key. */
  private async resolveUnknown(items: readonly Item[], cause: unknown): Promise<void> {
    for (const { lane } of items) lane.head = undefined;
    let stored = new Map<string, Message>();
    try {
      const found = await this.messages.findByIds(items.map(({ message }) => message.id));
      stored = new Map(found.map((message) => [message.id, message]));
    } catch {
      // Still unknown: every one is refused with the first cause.
    }
    for (const { pending, message } of items) {
      const found = stored.get(message.id);
      if (!found) pending.reject(cause);
      else {
        pending.onCommit(found, undefined);
        pending.resolve({ message: found, duplicate: false });
      }
    }
  }
}
