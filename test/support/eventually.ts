import { setTimeout as delay } from 'node:timers/promises';

const WAIT_MS = 20_000;
const STEP_MS = 20;

/** Waits until `holds` does: for states that announce themselves by no event. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = WAIT_MS,
): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await delay(STEP_MS);
  }
}
