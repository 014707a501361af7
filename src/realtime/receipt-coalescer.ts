/** A position moved: whose it is says `userOf`. */
export interface Receipt {
  readonly conversationId: string;
  readonly seq: number;
  readonly recipientIds: readonly string[];
}

interface Slot<E> {
  sentSeq: number;
  pending?: E;
  timer: NodeJS.Timeout;
}

/**
 * At most one event per person, conversation and window (contract 4, `message_read`, `message_delivered`): the first at once, the furthest of the others
 * when the window ends. Positions are cumulative, so an event that is not ahead of the last one is dropped.
 */
export class ReceiptCoalescer<E extends Receipt> {
  private readonly slots = new Map<string, Slot<E>>();

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
    const furthest = slot.pending && event.seq <= base ? slot.pending : event;
    if (!slot.pending && event.seq <= base) return;
    // Everybody named by an event that was held back hears of it through the one that stands for it.
    const recipients = new Set([...(slot.pending?.recipientIds ?? []), ...event.recipientIds]);
    slot.pending = { ...furthest, recipientIds: [...recipients] };
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
    for (const slot of this.slots.values()) clearTimeout(slot.timer);
    this.slots.clear();
  }

  private send(key: string, event: E): void {
    const timer = setTimeout(() => this.endOfWindow(key), this.windowMs);
    timer.unref();
    this.slots.set(key, { sentSeq: event.seq, timer });
    this.deliver(event);
  }

  private endOfWindow(key: string): void {
    const pending = this.slots.get(key)?.pending;
    if (pending) this.send(key, pending);
    else this.slots.delete(key);
  }
}
