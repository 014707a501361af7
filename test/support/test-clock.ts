import { Clock } from '../../src/common/clock';

/** Time that a test moves. It runs along with the real one, so that what waits for a moment to pass still sees it pass. */
export class TestClock extends Clock {
  private offsetMs = 0;

  override now(): number {
    return Date.now() + this.offsetMs;
  }

  /** Moves to a moment, milliseconds since the epoch. */
  moveTo(moment: number): void {
    this.offsetMs = moment - Date.now();
  }

  /** Forwards, or back with a negative number. */
  advance(ms: number): void {
    this.offsetMs += ms;
  }
}

export const MINUTE_MS = 60_000;
export const DAY_MS = 24 * 60 * MINUTE_MS;
