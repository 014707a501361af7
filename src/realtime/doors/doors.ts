import type { Broadcaster } from '../broadcaster';
import type { PayloadOf, Peer, ServerEvent } from '../peer';
import type { Admission } from './admission';

/** One way in for clients. */
export interface Door extends Broadcaster {
  open(admission: Admission): void;
  onConnection(listener: (peer: Peer) => void): void;
  stopAdmitting(): void;
  close(): Promise<void>;
}

/** All ways in as one. */
export class Doors implements Door {
  constructor(private readonly all: readonly Door[]) {}

  open(admission: Admission): void {
    for (const door of this.all) door.open(admission);
  }

  onConnection(listener: (peer: Peer) => void): void {
    for (const door of this.all) door.onConnection(listener);
  }

  broadcast<E extends ServerEvent>(
    userIds: readonly string[],
    event: E,
    payload: PayloadOf<E>,
    exceptId?: string,
  ): void {
    for (const door of this.all) door.broadcast(userIds, event, payload, exceptId);
  }

  stopAdmitting(): void {
    for (const door of this.all) door.stopAdmitting();
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((door) => door.close()));
  }
}
