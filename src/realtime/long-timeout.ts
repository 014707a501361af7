/** Above this `setTimeout` fires at once. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * A timeout of any length.
 * @returns a function that stops it
 */
export function longTimeout(action: () => void, delayMs: number): () => void {
  let timer: NodeJS.Timeout;
  const arm = (left: number): void => {
    const step = Math.min(left, LONGEST_MS);
    timer = setTimeout(() => (left > step ? arm(left - step) : action()), Math.max(0, step));
    timer.unref();
  };
  arm(delayMs);
  return () => clearTimeout(timer);
}
