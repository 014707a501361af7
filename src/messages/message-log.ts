import { Injectable } from '@nestjs/common';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Clock } from '../common/clock';
import { within } from '../common/deadline';
import { DomainError } from '../common/errors/domain-error';
import { ConversationsRepository } from '../conversations/conversations.repository';
import { type Message, type MessageDraft, placed } from '../message-store/message';
import { MessagesRepository, type AppendOutcome } from '../message-store/messages.repository';
import { NodeBus } from '../node-bus/node-bus';
import { FairTurns } from './fair-turns';
import { type Appended, type Item, type Lane, newLane, type Pending } from './message-lane';

/** How long a mark stands, and when it is renewed (docs/adr/0002). */
const HOT_MS = 60_000;
const RENEW_MS = 5_000;
const BATCH = 100; // messages
/** How long a caller waits for a commit, and then for the answer whether it came about. */
const COMMIT_MS = 3_000;
const LOOK_UP_MS = 1_000;
const LANE_IDLE_MS = 120_000;
/**
 * What another node stored meanwhile is noticed by its place being taken, unless retention has removed it: far below a
 * day, the shortest retention.
 */
const HEAD_KNOWN_MS = 3_600_000;
const LANES_SWEPT_ABOVE = 5_000;

/**
 * Gives messages their place and commits them: one ordered batch per conversation at a time, conversations with a
 * single waiting message sharing one unordered batch. The unique index on (conversation, seq) decides between nodes;
 * who loses takes the next number. Design and proof of density: docs/adr/0002.
 */
@Injectable()
export class MessageLog {
  private readonly lanes = new Map<string, Lane>();
  private readonly ready = new Set<Lane>();
  /** One batch at a time: the next gathers meanwhile, which is what makes batches grow under load. */
  private writing = false;
  /** The last ordered batch met a refusal. */
  private cautious = false;
  private scheduled = false;

  constructor(
    private readonly messages: MessagesRepository,
    private readonly conversations: ConversationsRepository,
    private readonly clock: Clock,
    private readonly turns: FairTurns,
    bus: NodeBus,
  ) {
    bus.on('messages.created', ({ conversationId, upTo, at }) => this.heard(conversationId, upTo, new Date(at)));
    turns.onOver((id) => {
      const lane = this.lanes.get(id);
      if (lane) this.wake(lane);
    });
  }

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

  /** Warns readers of a write that is no message, before it and again before it is acknowledged. */
  async markHot(conversationId: string): Promise<void> {
    const lane = this.laneOf(conversationId);
    if (!this.isHot(lane)) await within(COMMIT_MS, this.keepHot([lane]));
  }

  /** Another node committed up to there: trying a place that is taken would cost a write and two looks. */
  private heard(conversationId: string, upTo: number, at: Date): void {
    const lane = this.lanes.get(conversationId);
    if (lane?.head === undefined || lane.head >= upTo) return;
    lane.head = upTo;
    lane.lastAt = Math.max(lane.lastAt, at.getTime());
    lane.lastSenderId = undefined;
  }

  private laneOf(id: string): Lane {
    const known = this.lanes.get(id);
    if (known) return known;
    if (this.lanes.size >= LANES_SWEPT_ABOVE) this.sweep();
    const lane = newLane(id, this.clock.now());
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
    const cold: Lane[] = [];
    for (const lane of this.ready) {
      const isResting = this.turns.isResting(lane.id);
      if (lane.usedAt < this.clock.now() - HEAD_KNOWN_MS) lane.head = lane.floor = undefined;
      if (!isResting && lane.head !== undefined && this.isHot(lane)) continue;
      this.ready.delete(lane);
      if (isResting) continue;
      lane.busy = true;
      cold.push(lane);
    }
    if (cold.length > 0) void this.warm(cold);
    if (!this.writing && this.ready.size > 0) void this.run(...this.takeBatch());
  }

  /**
   * Everything that waits goes in one batch: ordered when a lane has several messages, because a number may only be
   * stored after the one before it. A refusal stops an ordered batch, so after one the lanes with a single message go
   * first, unordered, and a lane that was refused goes alone: a burst of resends holds up nobody else.
   */
  private takeBatch(): [items: Item[], ordered: boolean] {
    const ready = [...this.ready];
    const singles = ready.filter((lane) => lane.queue.length === 1);
    if (this.cautious && singles.length > 0) {
      this.cautious = false;
      return this.numberAll(singles, false);
    }
    const refused = ready.find((lane) => lane.refused && lane.queue.length > 1);
    if (refused) return this.numberAll([refused], true);
    return this.numberAll(ready, singles.length < ready.length);
  }

  private numberAll(lanes: readonly Lane[], ordered: boolean): [items: Item[], ordered: boolean] {
    const items: Item[] = [];
    for (const lane of lanes) {
      if (items.length >= BATCH) break;
      this.ready.delete(lane);
      items.push(...this.number(lane));
    }
    return [items, ordered];
  }

  private number(lane: Lane): Item[] {
    lane.busy = true;
    lane.refused = false;
    const head = lane.head ?? 0;
    const at = new Date(Math.max(this.clock.now(), lane.lastAt));
    return lane.queue.splice(0, BATCH).map((pending, index) => ({
      lane,
      pending,
      message: placed(pending.draft, head + 1 + index, at),
    }));
  }

  private isHot(lane: Lane): boolean {
    return lane.hotUntil - this.clock.now() >= RENEW_MS;
  }

  /** Marks hot before the first write of a busy spell, and learns the head where it is unknown. */
  private async warm(lanes: readonly Lane[]): Promise<void> {
    try {
      const cold = lanes.filter((lane) => !this.isHot(lane));
      if (cold.length > 0) await within(COMMIT_MS, this.keepHot(cold));
      await this.learnHeads(lanes.filter((lane) => lane.head === undefined));
    } catch (error) {
      for (const lane of lanes) for (const pending of lane.queue.splice(0)) pending.reject(error);
    }
    for (const lane of lanes) this.release(lane);
  }

  private async learnHeads(lanes: readonly Lane[]): Promise<void> {
    const tops = await Promise.all(lanes.map(({ id }) => within(COMMIT_MS, this.messages.top(id))));
    // The conversation remembers a number whose message retention has removed: it is never given again. Asked after
    // the messages, because retention raises the floor before it removes.
    const ids = lanes.filter(({ floor }) => floor === undefined).map(({ id }) => id);
    const floors = ids.length > 0 ? await within(COMMIT_MS, this.conversations.heads(ids)) : undefined;
    for (const [index, lane] of lanes.entries()) {
      const top = tops[index];
      lane.floor ??= floors?.get(lane.id)?.seq ?? 0;
      lane.lastSenderId = undefined;
      lane.head = Math.max(top?.seq ?? 0, lane.floor);
      // Never back in time, whatever the clocks of nodes say: what has expired lies below what has not.
      lane.lastAt = Math.max(top?.createdAt.getTime() ?? 0, lane.lastAt);
    }
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
    if (lane.queue.length === 0) this.turns.settled(lane.id);
    this.wake(lane);
  }

  private async run(items: readonly Item[], ordered: boolean): Promise<void> {
    this.writing = true;
    const lanes = new Set(items.map(({ lane }) => lane));
    let outcomes: readonly AppendOutcome[];
    try {
      outcomes = await within(
        COMMIT_MS,
        this.messages.append(
          items.map(({ message }) => message),
          ordered,
        ),
      );
      await this.warnReaders(lanes);
    } catch (error) {
      await this.resolveUnknown(items, error);
      this.finish(lanes);
      return;
    }
    if (ordered && outcomes.includes('not_tried')) this.cautious = true;
    const stored: [item: Item, previousSenderId: string | undefined][] = [];
    const refused: [item: Item, outcome: AppendOutcome][] = [];
    for (const [index, item] of items.entries()) {
      const outcome = outcomes[index] ?? 'not_tried';
      if (outcome === 'stored') stored.push([item, this.advance(item)]);
      else refused.push([item, outcome]);
    }
    const waiting = new Set(refused.map(([{ lane }]) => lane));
    // The next batch leaves before this one is told: the store writes while the receivers are served.
    this.finish([...lanes].filter((lane) => !waiting.has(lane)));
    await nextTurn();
    for (const [{ pending, message }, previousSenderId] of stored) {
      pending.onCommit(message, previousSenderId);
      pending.resolve({ message, duplicate: false });
    }
    await this.settleRefusals(refused);
    for (const lane of waiting) this.release(lane);
  }

  private finish(lanes: Iterable<Lane>): void {
    this.writing = false;
    for (const lane of lanes) this.release(lane);
    this.pump();
  }

  /** The process may have been stopped since the mark: readers must be warned before a message is acknowledged. */
  private async warnReaders(lanes: ReadonlySet<Lane>): Promise<void> {
    const now = this.clock.now();
    const cooled = [...lanes].filter((lane) => lane.hotUntil <= now);
    if (cooled.length > 0) await within(COMMIT_MS, this.keepHot(cooled));
  }

  /** @returns who sent the message before, when known */
  private advance({ lane, message }: Item): string | undefined {
    const previousSenderId = lane.lastSenderId;
    // Another node may have gone on from this one already.
    if (message.seq > (lane.head ?? 0)) {
      lane.head = message.seq;
      lane.lastAt = Math.max(lane.lastAt, message.createdAt.getTime());
      lane.lastSenderId = message.senderId;
    }
    this.turns.settled(lane.id);
    return previousSenderId;
  }

  private async settleRefusals(refused: readonly [item: Item, outcome: AppendOutcome][]): Promise<void> {
    const retry: Item[] = [];
    for (const [item, outcome] of refused) {
      item.lane.refused = true;
      if (outcome === 'key_taken') await this.answerKnown(item);
      else {
        // Another node took the number, or an earlier try of ours landed after all: look again.
        if (outcome !== 'not_tried') item.lane.head = undefined;
        if (outcome === 'id_taken') await this.answerStored(item);
        else retry.push(item);
      }
    }
    for (const { lane, pending } of retry.reverse()) lane.queue.unshift(pending);
    const losers = refused.filter(([, outcome]) => outcome === 'seq_taken').map(([{ lane }]) => lane.id);
    for (const id of new Set(losers)) this.turns.lost(id);
  }

  private async answerKnown({ pending }: Item): Promise<void> {
    const { conversationId, senderId, clientMessageId } = pending.draft;
    try {
      const first = await within(COMMIT_MS, this.messages.findByKey(conversationId, senderId, clientMessageId ?? ''));
      if (first) pending.resolve({ message: first, duplicate: true });
      else pending.reject(new DomainError('PROCESSING_ERROR'));
    } catch (error) {
      pending.reject(error);
    }
  }

  private async answerStored(item: Item): Promise<void> {
    try {
      const stored = await within(COMMIT_MS, this.messages.findById(item.message.id));
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
      const ids = items.map(({ message }) => message.id);
      const found = await within(LOOK_UP_MS, this.messages.findByIds(ids));
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
