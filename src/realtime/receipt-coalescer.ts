/** One event per person, conversation and this long at most (contract 4). */
export const RECEIPT_WINDOW_MS = 250;

/** A position moved: whose it is says `userOf`. */
export interface Receipt {
  readonly conversationId: string;
  readonly seq: number;
  readonly recipientIds: readonly string[];
}

interface Slot<E> {
  readonly sentSeq: number;
  pending?: E;
}

/** Windows end at multiples of this, so that what is told then leaves together. */
const STEP_MS = 50;

/**
 * At most one event per person, conversation and window (contract 4, `message_read`, `message_delivered`): the first at once, the furthest of the others
 * when the window ends. Positions are cumulative, so an event that is not ahead of the last one is dropped.
 */
export class ReceiptCoalescer<E extends Receipt> {
  private readonly slots = new Map<string, Slot<E>>();
  /** Whose windows end at a time, by `performance.now()`. */
  private readonly ending = new Map<number, { readonly keys: string[]; readonly timer: NodeJS.Timeout }>();

  constructor(
    private readonly windowMs: number,
    private readonly userOf: (event: E) => string,
    private readonly deliver: (event: E) => void,
  ) {}

  /** Delivers now or at the end of the window. */
  push(event: E): void {
    const key = JSON.stringify([this.userOf(event), event.conversationId]);
    const slot = this.slots.get(key);
    if (!slot) {
      this.send(key, event);
      return;
    }
    const base = slot.pending?.seq ?? slot.sentSeq;
    if (!slot.pending && event.seq <= base) return;
    const furthest = slot.pending && event.seq <= base ? slot.pending : event;
    // Everybody named by an event that was held back hears of it through the one that stands for it.
    slot.pending = { ...furthest, recipientIds: union(slot.pending?.recipientIds, event.recipientIds) };
  }

  /** Somebody left a conversation: what is held back, and what comes to stand for it, is not for them any more. */
  forget(conversationId: string, userId: string): void {
    for (const slot of this.slots.values()) {
      const { pending } = slot;
      if (pending?.conversationId !== conversationId) continue;
      slot.pending = { ...pending, recipientIds: pending.recipientIds.filter((id) => id !== userId) };
    }
  }

  /** Drops what is held back and stops the timers. */
  close(): void {
    for (const { timer } of this.ending.values()) clearTimeout(timer);
    this.ending.clear();
    this.slots.clear();
  }

  private send(key: string, event: E): void {
    this.slots.set(key, { sentSeq: event.seq });
    this.endLater(key);
    this.deliver(event);
  }

  private endLater(key: string): void {
    const now = performance.now();
    const at = Math.ceil((now + this.windowMs) / STEP_MS) * STEP_MS;
    const known = this.ending.get(at);
    if (known) {
      known.keys.push(key);
      return;
    }
    const timer = setTimeout(() => this.end(at), at - now).unref();
    this.ending.set(at, { keys: [key], timer });
  }

  private end(at: number): void {
    const keys = this.ending.get(at)?.keys ?? [];
    this.ending.delete(at);
    for (const key of keys) {
      const pending = this.slots.get(key)?.pending;
      if (pending) this.send(key, pending);
      else this.slots.delete(key);
    }
  }
}

/** Mostly both are the same list. */
function union(some: readonly string[] | undefined, others: readonly string[]): readonly string[] {
  return some === undefined || some === others ? others : [...new Set([...some, ...others])];
}
