/** Runs tasks of the same key one after the other, in the order of the calls; tasks of different keys run side by side. */
export class KeyedTurns {
  private readonly last = new Map<string, Promise<unknown>>();

  /** Runs `task` when every earlier task of `key` has ended, well or badly. */
  run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.last.get(key);
    const result = before ? before.then(task, task) : task();
    this.last.set(key, result);
    const leave = (): void => {
      if (this.last.get(key) === result) this.last.delete(key);
    };
    result.then(leave, leave);
    return result;
  }
}
