/** Above this `setTimeout` fires at once. */
const LONGEST_MS = 2 ** 31 - 1;
const MINUTE_MS = 60_000;

/** Has one timeout at a time; `clearTimeout(timer)` stops it. */
export interface Timed {
  timer?: NodeJS.Timeout;
}

/**
 * A timeout of any length, in place of the one that `subject` had. Most of a long one is waited in whole minutes: timers
 * of one length share a list, and thousands of connections have an expiry of their own each.
 */
export function longTimeout<T extends Timed>(subject: T, delayMs: number, action: (subject: T) => void): void {
  const left = Math.max(0, delayMs);
  const step = left < MINUTE_MS ? left : Math.min(left - (left % MINUTE_MS), LONGEST_MS);
  clearTimeout(subject.timer);
  subject.timer = setTimeout(fire<T>, step, subject, left - step, action).unref();
}

function fire<T extends Timed>(subject: T, left: number, action: (subject: T) => void): void {
  if (left > 0) longTimeout(subject, left, action);
  else action(subject);
}
