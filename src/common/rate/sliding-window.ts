/**
 * Exact log of admissions per key: never more than `limit` in any span of `windowMs`.
 * Pure: the caller brings the time. Refusals are not recorded, so memory is at most `limit` numbers
 * per key that was active in the last window, and `sweep` drops the others.
 */
export class SlidingWindow {
  private readonly logs = new Map<string, number[]>();
  private lastSweep = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly limit: number,
    private readonly windowMs: number,
  ) {}

  /** Admits and returns 0, or refuses and returns the milliseconds until the next one is admitted. */
  take(key: string, now: number): number {
    const wait = this.peek(key, now);
    if (wait > 0) return wait;
    const log = this.logs.get(key);
    if (log) log.push(now);
    else this.logs.set(key, [now]);
    return 0;
  }

  /** The same answer as `take`, without using up anything. */
  peek(key: string, now: number): number {
    // Once per window is enough: no timer to stop, and no key outlives two windows.
    if (now - this.lastSweep >= this.windowMs) this.sweep(now);
    if (this.limit <= 0) return this.windowMs;
    const log = this.logs.get(key);
    if (!log || log.length < this.limit) return 0;
    this.expire(log, now);
    const oldest = log[log.length - this.limit];
    // A clock that steps back must not lengthen the wait beyond one window.
    return oldest === undefined ? 0 : Math.min(this.windowMs, oldest + this.windowMs - now);
  }

  /** Undoes one admission made at `at`, for work that turned out not to count (a repeated message). */
  giveBack(key: string, at: number): void {
    const log = this.logs.get(key);
    const index = log?.lastIndexOf(at) ?? -1;
    if (!log || index < 0) return;
    log.splice(index, 1);
    if (log.length === 0) this.logs.delete(key);
  }

  /** Forgets keys without an admission in the last window. */
  sweep(now: number): void {
    this.lastSweep = now;
    for (const [key, log] of this.logs) {
      this.expire(log, now);
      if (log.length === 0) this.logs.delete(key);
    }
  }

  /** Number of keys held, for tests of the memory bound. */
  get size(): number {
    return this.logs.size;
  }

  private expire(log: number[], now: number): void {
    const start = now - this.windowMs;
    let gone = 0;
    while (gone < log.length && (log[gone] ?? now) <= start) gone++;
    if (gone > 0) log.splice(0, gone);
  }
}
