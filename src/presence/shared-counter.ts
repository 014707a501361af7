import { ConnectionCounter, type ConnectionCounts } from './connection-counter';

const NONE: ConnectionCounts = { total_connections: 0, authenticated_connections: 0, users_online: 0 };

/** The connections of all nodes: those here as they are now, the others as last heard. */
export class SharedCounter extends ConnectionCounter {
  private others = NONE;
  private peak = 0;

  constructor(private readonly here: ConnectionCounter) {
    super();
  }

  counts(): ConnectionCounts {
    const here = this.here.counts();
    return {
      total_connections: here.total_connections + this.others.total_connections,
      authenticated_connections: here.authenticated_connections + this.others.authenticated_connections,
      users_online: here.users_online + this.others.users_online,
    };
  }

  peakOnline(): number {
    return Math.max(this.peak, this.here.peakOnline());
  }

  /** @param all the counts of all nodes; undefined: nobody can say */
  note(all: ConnectionCounts | undefined): void {
    const here = this.here.counts();
    const other = (name: keyof ConnectionCounts): number => Math.max(0, (all?.[name] ?? 0) - here[name]);
    this.others = {
      total_connections: other('total_connections'),
      authenticated_connections: other('authenticated_connections'),
      users_online: other('users_online'),
    };
    this.peak = Math.max(this.peak, this.counts().users_online);
  }
}
