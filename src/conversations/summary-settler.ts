import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock } from '../common/clock';
import { errorName } from '../common/error-name';
import { SharedRuns } from '../common/shared-runs';
import type { MessageStub } from '../message-store/message';
import { MessagesRepository } from '../message-store/messages.repository';
import { ConversationsRepository, type ModMove, type SummaryMove } from './conversations.repository';
import { MembershipsRepository, type PositionMove } from './memberships.repository';

const SETTLE_MS = 1_000;
const REPAIR_MS = 30_000;
/** How long one settling may take. */
const SETTLING_MS = 5_000;
/** A mark this long past its end belongs to no write that is still under way (docs/adr/0002). */
export const COOLED_MS = 30_000;
const REPAIR_BATCH = 200;
const TAIL_BATCH = 500;

interface Unsettled {
  /** The last message; undefined: no new one. */
  head: MessageStub | undefined;
  readonly senders: Map<string, MessageStub>;
  /** Place of the last edit or deletion; 0: no new one. */
  mod: number;
  /** Somebody's positions have moved by themselves, not by sending. */
  receipts: boolean;
}

/**
 * Derives what messages imply: the summary of their conversation, and that sending reads. Runs after the
 * acknowledgement, at most once a second for all conversations together; readers that need it sooner ask `settle`.
 * Everything it writes is guarded to move forwards, so that repeating it is harmless and a crash only delays it.
 */
@Injectable()
export class SummarySettler implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(SummarySettler.name);
  private readonly unsettled = new Map<string, Unsettled>();
  private settleTimer: NodeJS.Timeout | undefined;
  private repairTimer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  /** The members of a conversation ask for the same when they come back together. */
  private readonly settling = new SharedRuns<string>((ids) => this.settleNow(ids), SETTLING_MS);

  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly memberships: MembershipsRepository,
    private readonly messages: MessagesRepository,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    const repair = (): void => void this.repair().catch((error: unknown) => this.complain('repair', error));
    this.repairTimer = setInterval(repair, REPAIR_MS).unref();
    repair();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.repairTimer);
    clearTimeout(this.settleTimer);
    await this.flush();
  }

  /** Takes note of a committed message; cheap, no I/O. */
  note(conversationId: string, message: MessageStub): void {
    const entry = entryOf(this.unsettled, conversationId);
    if (message.seq > (entry.head?.seq ?? 0)) entry.head = message;
    const last = entry.senders.get(message.senderId);
    if (!last || last.seq < message.seq) entry.senders.set(message.senderId, message);
    this.settleSoon();
  }

  /** Takes note of a committed edit or deletion; cheap, no I/O. */
  noteChange(conversationId: string, mod: number): void {
    const entry = entryOf(this.unsettled, conversationId);
    entry.mod = Math.max(entry.mod, mod);
    this.settleSoon();
  }

  /** Takes note of a moved position; cheap, no I/O. */
  noteReceipts(conversationId: string): void {
    entryOf(this.unsettled, conversationId).receipts = true;
    this.settleSoon();
  }

  /** Brings the summaries of these conversations up to their true heads now, reading what the store holds. */
  async settle(conversationIds: readonly string[]): Promise<void> {
    if (conversationIds.length > 0) await this.settling.run(conversationIds);
  }

  /**
   * Brings what a summary says of messages up to now; edits and deletions are not looked for.
   * @param seq how far the summary was when it was read
   * @returns false when nothing was missing: what was read is true
   */
  async settleTail(conversationId: string, seq: number): Promise<boolean> {
    const found = new Map<string, Unsettled>();
    await this.readTail(conversationId, seq, found);
    await this.write(found);
    return found.size > 0;
  }

  /** Settles and clears marks that a crashed or stopped process left standing. Cost follows what was in flight. */
  async repair(): Promise<void> {
    for (;;) {
      const marks = await this.conversations.findCooled(new Date(this.clock.now() - COOLED_MS), REPAIR_BATCH);
      await this.settle(marks.map(({ id }) => id));
      await this.conversations.clearHot(marks);
      if (marks.length < REPAIR_BATCH) return;
    }
  }

  private async settleNow(conversationIds: readonly string[]): Promise<void> {
    const heads = [...(await this.conversations.heads(conversationIds))];
    const found = new Map<string, Unsettled>();
    await Promise.all([
      this.readTails(new Map(heads.map(([id, { seq }]) => [id, seq])), found),
      this.readMods(new Map(heads.map(([id, { mod }]) => [id, mod])), found),
    ]);
    await this.write(found);
  }

  private settleSoon(): void {
    this.settleTimer ??= setTimeout(() => void this.flush(), SETTLE_MS).unref();
  }

  /** One flush at a time; what could not be written is kept for the next one. */
  private flush(): Promise<void> {
    clearTimeout(this.settleTimer);
    this.settleTimer = undefined;
    this.running = this.running.then(async () => {
      const batch = new Map(this.unsettled);
      this.unsettled.clear();
      try {
        await this.write(batch);
      } catch (error) {
        this.complain('settling', error);
        for (const [id, { senders, mod, receipts }] of batch) {
          for (const message of senders.values()) this.note(id, message);
          this.noteChange(id, mod);
          if (receipts) this.noteReceipts(id);
        }
      }
    });
    return this.running;
  }

  private async readTails(heads: ReadonlyMap<string, number>, found: Map<string, Unsettled>): Promise<void> {
    const tails = await this.messages.tails(heads);
    if (!tails) await Promise.all([...heads].map(([id, seq]) => this.readTail(id, seq, found)));
    for (const [id, tail] of tails ?? []) takeIn(tail, entryOf(found, id));
  }

  private async readMods(heads: ReadonlyMap<string, number>, found: Map<string, Unsettled>): Promise<void> {
    const tops = await this.messages.topMods(heads);
    for (const [id, mod] of heads) {
      const top = tops ? tops.get(id) : await this.messages.topMod(id);
      if (top !== undefined && top > mod) entryOf(found, id).mod = top;
    }
  }

  private async readTail(id: string, from: number, found: Map<string, Unsettled>): Promise<void> {
    let after = from;
    for (;;) {
      const tail = await this.messages.tail(id, after, TAIL_BATCH);
      if (tail.length > 0) after = takeIn(tail, entryOf(found, id));
      if (tail.length < TAIL_BATCH) return;
    }
  }

  /** Positions first: once the summary stands, nobody looks at the tail again. */
  private async write(batch: ReadonlyMap<string, Unsettled>): Promise<void> {
    const positions: PositionMove[] = [];
    const summaries: SummaryMove[] = [];
    const mods: ModMove[] = [];
    const moved: string[] = [];
    for (const [conversationId, { head, senders, mod, receipts }] of batch) {
      for (const { senderId, seq, createdAt } of senders.values()) {
        positions.push({ conversationId, userId: senderId, seq, at: createdAt });
      }
      if (receipts) moved.push(conversationId);
      if (mod > 0) mods.push({ conversationId, mod });
      if (!head) continue;
      const { id: lastId, seq, createdAt: lastAt, senderId: lastBy } = head;
      summaries.push({ conversationId, seq, lastId, lastAt, lastBy });
    }
    await this.memberships.moveReadPositions(positions);
    await this.conversations.moveSummaries(summaries);
    await this.conversations.moveMods(mods);
    await this.conversations.moveReceipts(moved);
  }

  private complain(what: string, error: unknown): void {
    this.logger.warn(`${what} of conversation summaries failed (${errorName(error)}): trying again`);
  }
}

/** @param tail lowest first, not empty @returns its last place */
function takeIn(tail: readonly MessageStub[], entry: Unsettled): number {
  for (const message of tail) {
    entry.head = message;
    entry.senders.set(message.senderId, message);
  }
  return entry.head?.seq ?? 0;
}

function entryOf(entries: Map<string, Unsettled>, conversationId: string): Unsettled {
  const known = entries.get(conversationId);
  if (known) return known;
  const entry: Unsettled = { head: undefined, senders: new Map(), mod: 0, receipts: false };
  entries.set(conversationId, entry);
  return entry;
}
