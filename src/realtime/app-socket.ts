import type { Server, Socket } from 'socket.io';
import type { Actor } from '../common/actor';
import type { Language } from '../common/language';
import type { ClientToServerEvents, ServerToClientEvents } from '../contract/socket-events';

/** No event travels between servers. */
type InterServerEvents = Record<never, never>;

/** What a socket knows of itself. Without an actor it is in the empty state (contract 1). */
export interface SocketData {
  actor?: Actor;
  language: Language;
  /** Closes an unauthenticated socket. */
  authTimer?: NodeJS.Timeout;
  /** Stops the timer that closes the socket when its token expires. */
  stopExpiry?: () => void;
}

export type AppServer = Server<ClientToServerEvents, ServerToClientEvents, InterServerEvents, SocketData>;
export type AppSocket = Socket<ClientToServerEvents, ServerToClientEvents, InterServerEvents, SocketData>;
