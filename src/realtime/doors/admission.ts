import type { DomainError } from '../../common/errors/domain-error';
import type { Peer } from '../peer';

/** What every door asks before it lets somebody in. */
export interface Admission {
  /**
   * Before any event is handled.
   * @param token what the handshake carries, if anything
   * @returns the refusal; undefined when the peer may enter, with or without an actor
   */
  admit(peer: Peer, token: () => string | undefined): Promise<DomainError | undefined>;
  /** @throws CONVERSATION_NOT_FOUND */
  openConversation(peer: Peer, conversationId: string): Promise<void>;
}
