import type { Clock } from './clock';

/** The service failed too often: it is not asked until the pause is over. */
export class CircuitOpenError extends Error {
  constructor() {
    super('not asked: it failed too often');
    this.name = 'CircuitOpenError';
  }
}

/** Spares a service that keeps failing, and its callers the wait: after `threshold` failures in a row, one try per pause. */
export class CircuitBreaker {
  private failures = 0;
  private pausedUntil = 0;

  constructor(
    private readonly clock: Clock,
    private readonly threshold = 5,
    private readonly pauseMs = 10_000,
  ) {}

  /** @throws CircuitOpenError without calling, else whatever the call throws */
  async run<T>(call: () => Promise<T>): Promise<T> {
    const now = this.clock.now();
    if (this.failures >= this.threshold) {
      if (now < this.pausedUntil) throw new CircuitOpenError();
      // Only this call tries; those that come while it waits are still refused.
      this.pausedUntil = now + this.pauseMs;
    }
    try {
      const result = await call();
      this.failures = 0;
      return result;
    } catch (error) {
      this.failures += 1;
      this.pausedUntil = this.clock.now() + this.pauseMs;
      throw error;
    }
  }
}
