/** What is used of a connection: writing out what waits, which engine.io does at every packet. */
export interface Flushable {
  flush(): void;
}

/** The method of its class, which `take` covers. */
const write = (connection: Flushable): void => {
  (Object.getPrototypeOf(connection) as Flushable).flush.call(connection);
};

/**
 * Lets every connection write once for all that one turn of the service says to it: the acknowledgement of its own
 * message and what others of the same batch wrote leave in one system call. Runs when nothing more is under way in the
 * turn, so that nothing waits for a timer or for other sockets.
 */
export class FlushTogether {
  private waiting = new Set<Flushable>();
  /** One for all connections, called as their method. */
  private readonly later: (this: Flushable) => void;

  constructor() {
    const wait = (connection: Flushable): void => this.wait(connection);
    this.later = function () {
      wait(this);
    };
  }

  /** Puts off the flushes of a connection to the end of the turn. */
  take(connection: Flushable): void {
    connection.flush = this.later;
  }

  private wait(connection: Flushable): void {
    if (this.waiting.size === 0) process.nextTick(() => this.writeAll());
    this.waiting.add(connection);
  }

  private writeAll(): void {
    const connections = this.waiting;
    this.waiting = new Set();
    for (const connection of connections) write(connection);
  }
}
