import { DomainError } from './errors/domain-error';

/** A moment at which something has to be there. */
export interface Deadline {
  readonly at: number;
  readonly onLate: () => void;
}

/** Deadlines of one length: one timer for all of them, because a timer and a race for each would cost every message. */
export class Deadlines {
  /** In the order of their ends. */
  private readonly open = new Set<Deadline>();
  private timer?: NodeJS.Timeout;

  /** @param ms milliseconds from the start of each */
  constructor(private readonly ms: number) {}

  /** @param onLate called once, unless the deadline is ended before */
  start(onLate: () => void): Deadline {
    const deadline = { at: performance.now() + this.ms, onLate };
    this.open.add(deadline);
    this.timer ??= setTimeout(() => this.sweep(), this.ms).unref();
    return deadline;
  }

  end(deadline: Deadline): void {
    this.open.delete(deadline);
  }

  private sweep(): void {
    this.timer = undefined;
    const now = performance.now();
    for (const deadline of this.open) {
      if (deadline.at > now) {
        this.timer = setTimeout(() => this.sweep(), deadline.at - now).unref();
        return;
      }
      this.open.delete(deadline);
      deadline.onLate();
    }
  }
}

const byLength = new Map<number, Deadlines>();

function deadlinesOf(ms: number): Deadlines {
  const known = byLength.get(ms);
  if (known) return known;
  const deadlines = new Deadlines(ms);
  byLength.set(ms, deadlines);
  return deadlines;
}

/**
 * Waits for the store no longer than a caller does: an operation whose connection breaks at a bad moment may never be
 * answered by the driver. The work itself goes on; its outcome is unknown.
 * @param ms milliseconds; one of few values
 * @throws DATABASE_UNAVAILABLE when the time is over
 */
export function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const deadlines = deadlinesOf(ms);
    const deadline = deadlines.start(() => reject(new DomainError('DATABASE_UNAVAILABLE')));
    work.then(
      (result) => {
        deadlines.end(deadline);
        resolve(result);
      },
      (error: Error) => {
        deadlines.end(deadline);
        reject(error);
      },
    );
  });
}
