export interface ConnectionCounts {
  readonly total_connections: number;
  readonly authenticated_connections: number;
  readonly users_online: number;
}

/** What health and statistics may know of the open sockets: numbers, no names. */
export abstract class ConnectionCounter {
  abstract counts(): ConnectionCounts;
  /** The most people who were online at one time since the process began. */
  abstract peakOnline(): number;
}
