import type { Clock } from '../common/clock';

/** People whose last socket here was closed, until they return or their time to return is over. */
export class Departures {
  /** When each of them left; the first to leave stands first. */
  private readonly leftAt = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly graceMs: number,
    private readonly clock: Clock,
    private readonly onGone: (userId: string, leftAt: number) => void,
  ) {}

  begin(userId: string): void {
    this.leftAt.delete(userId);
    this.leftAt.set(userId, this.clock.now());
    this.timer ??= this.wait();
  }

  /** @returns when the person left, if they were leaving. */
  cancel(userId: string): number | undefined {
    const at = this.leftAt.get(userId);
    this.leftAt.delete(userId);
    return at;
  }

  /** @returns when the person left; 0 when they did not. */
  at(userId: string): number {
    return this.leftAt.get(userId) ?? 0;
  }

  /** @returns everybody who is leaving. */
  people(): ReadonlyMap<string, number> {
    return this.leftAt;
  }

  /** One timer for all of them: the one who left first is the first to be gone. */
  private wait(ms = this.graceMs): NodeJS.Timeout {
    return setTimeout(() => this.end(), ms).unref();
  }

  private end(): void {
    this.timer = undefined;
    for (const [userId, at] of this.leftAt) {
      const left = at + this.graceMs - this.clock.now();
      if (left > 0) {
        this.timer = this.wait(left);
        return;
      }
      this.leftAt.delete(userId);
      this.onGone(userId, at);
    }
  }
}
