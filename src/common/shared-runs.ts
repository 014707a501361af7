import { within } from './deadline';

/**
 * One piece of work about many keys for all who ask at about the same time. Who comes while it runs shares the next run,
 * never the one under way: what it does began after the call.
 */
export class SharedRuns<K, T = void> {
  private next: { readonly keys: Set<K>; readonly done: Promise<T> } | undefined;
  private running: Promise<unknown> = Promise.resolve();

  /** @param ms a run that takes longer is given up, and the next one begins */
  constructor(
    private readonly work: (keys: readonly K[]) => Promise<T>,
    private readonly ms: number,
  ) {}

  /** @returns what a run that began after this call, with these keys among its own, has brought. @throws as the work does */
  run(keys: Iterable<K>): Promise<T> {
    this.next ??= this.prepare();
    const { keys: wanted, done } = this.next;
    for (const key of keys) wanted.add(key);
    return done;
  }

  private prepare(): { keys: Set<K>; done: Promise<T> } {
    const keys = new Set<K>();
    const done = this.running.then(() => {
      this.next = undefined;
      return within(this.ms, this.work([...keys]));
    });
    this.running = done.catch(() => undefined);
    return { keys, done };
  }
}
