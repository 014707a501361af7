import type { PayloadOf, ServerEvent } from './peer';

/** Reaches the sockets of people on a door, in the order of the calls. */
export interface Broadcaster {
  /**
   * Encodes the payload once for everybody.
   * @param exceptId the peer that has its answer already
   */
  broadcast<E extends ServerEvent>(
    userIds: readonly string[],
    event: E,
    payload: PayloadOf<E>,
    exceptId?: string,
  ): void;
}
