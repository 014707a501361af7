import type { Clock } from '../common/clock';
import { SlidingWindow } from '../common/rate/sliding-window';
import type { Admission, RateWindow } from './rate-window';

const NOTHING_TO_UNDO = (): void => undefined;

export const refusal = (waitMs: number): Admission => ({ waitMs, giveBack: NOTHING_TO_UNDO });

/** The window of one process. */
export class LocalWindow implements RateWindow {
  private readonly window: SlidingWindow;

  constructor(
    limit: number,
    windowMs: number,
    private readonly clock: Clock,
  ) {
    this.window = new SlidingWindow(limit, windowMs);
  }

  take(key: string): Admission {
    const now = this.clock.now();
    const waitMs = this.window.take(key, now);
    return waitMs > 0 ? refusal(waitMs) : { waitMs, giveBack: () => this.window.giveBack(key, now) };
  }
}
