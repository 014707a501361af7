/** Who is connected. A port: one process answers from its own sockets, several nodes from what they share. */
export abstract class Presence {
  /** @returns those of the people who have an open connection. */
  abstract onlineAmong(userIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** @returns at most `limit` people with an open connection, in no order. */
  abstract online(limit: number): Promise<string[]>;
  /** @returns ids of the person's open connections. */
  abstract connectionsOf(userId: string): Promise<string[]>;
}
