import { setTimeout as delay } from 'node:timers/promises';

const WAIT_MS = 20_000;
const STEP_MS = 20;

/** Waits until `holds` does: for states that announce themselves by no event. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + WAIT_MS;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${WAIT_MS} ms: ${what}`);
    await delay(STEP_MS);
  }
}
