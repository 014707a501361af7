import type { Actor } from '../common/actor';
import type { DomainError } from '../common/errors/domain-error';
import type { Language } from '../common/language';
import type { Ack, ServerToClientEvents, UnauthorizedReason } from '../contract/socket-events';

export type ServerEvent = keyof ServerToClientEvents;
export type PayloadOf<E extends ServerEvent> = Parameters<ServerToClientEvents[E]>[0];

/** Answers one event; a second call does nothing. */
export type Reply = (answer: Ack<unknown>) => void;

/** One event of a client as it came: name and payload are anything. */
export interface PeerRequest {
  readonly event: unknown;
  readonly payload: unknown;
  readonly reply: Reply;
}

/** Told which peer it is, so that one function serves all of them: thousands wait in idleness, and each costs memory. */
export type RequestListener = (peer: Peer, request: PeerRequest) => void;
export type CloseListener = (peer: Peer) => void;

/** A connected client, whichever door it came by. */
export interface Peer {
  readonly id: string;
  /** Where it comes from, for limits on those whom nobody knows yet. */
  readonly address: string;
  readonly language: Language;
  /** `/ws/conversation/{id}`: the one conversation that the connection is about. */
  readonly conversationId?: string;
  /** Who sits there. Without one the peer is in the empty state (contract 1). */
  actor?: Actor;
  /** False from the moment that it is being closed. */
  readonly isOpen: boolean;

  emit<E extends ServerEvent>(event: E, payload: PayloadOf<E>): void;
  /** From now on broadcasts to this user reach the peer. */
  join(userId: string): void;
  /** Hands every event to `listener`, in the order in which they came. */
  onRequest(listener: RequestListener): void;
  /** Called once, as soon as the peer is closed by either side. */
  onClose(listener: CloseListener): void;
  /** Ends a connection that was in order until now: `unauthorized`, then closed. */
  dismiss(reason: UnauthorizedReason): void;
  /** Ends a connection that must not go on: the error, then closed. */
  refuse(error: DomainError): void;
}
