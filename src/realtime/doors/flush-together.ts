/** What is used of a connection: writing out what waits, which engine.io does at every packet. */
export interface Flushable {
  flush(): void;
}

/**
 * Lets every connection write once for all that one turn of the service says to it: the acknowledgement of its own
 * message and what others of the same batch wrote leave in one system call. Runs when nothing more is under way in the
 * turn, so that nothing waits for a timer or for other sockets.
 */
export class FlushTogether {
  private waiting: (() => void)[] = [];

  /** Puts off the flushes of a connection to the end of the turn. */
  take(connection: Flushable): void {
    const flush = connection.flush.bind(connection);
    let isWaiting = false;
    const run = (): void => {
      isWaiting = false;
      flush();
    };
    connection.flush = (): void => {
      if (isWaiting) return;
      isWaiting = true;
      if (this.waiting.push(run) === 1) process.nextTick(() => this.flushAll());
    };
  }

  private flushAll(): void {
    const runs = this.waiting;
    this.waiting = [];
    for (const run of runs) run();
  }
}
