/** Somebody came online, or has gone. */
export interface PresenceChange {
  readonly userId: string;
  readonly isOnline: boolean;
  /** Who has gone: when they were last connected, as far as anybody knows. */
  readonly lastSeen?: Date;
}

/** Who is connected. A port: one process answers from its own sockets, several nodes from what they share. */
export abstract class Presence {
  /**
   * Takes one of a person's places for a socket whose handshake is under way, over all doors and nodes.
   * @returns false when all are taken, or the socket belongs to somebody else
   */
  abstract enter(userId: string, socketId: string): boolean | Promise<boolean>;
  /** @returns those of the people who are online: connected, or gone for less than 5 s (contract 4). */
  abstract onlineAmong(userIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** @returns those of the people who have an open connection now. */
  abstract connectedAmong(userIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** @returns at most `limit` people who are online, in no order. */
  abstract online(limit: number): Promise<string[]>;
  /** @returns ids of the person's open connections. */
  abstract connectionsOf(userId: string): Promise<string[]>;
  /** @returns people who are online by this process alone, and when they were last connected, in milliseconds. */
  abstract seenHere(): Map<string, number>;
  /** Calls `listener` for every change that this node noticed: one node notices each. */
  abstract onChange(listener: (change: PresenceChange) => void): void;
}
