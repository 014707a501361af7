import type { Server, Socket } from 'socket.io';
import type { Actor } from '../../common/actor';
import type { DomainError } from '../../common/errors/domain-error';
import { socketErrorBody } from '../../common/errors/error-body';
import { type Language, pickLanguage } from '../../common/language';
import { userRoom } from '../../contract/rooms';
import {
  type Ack,
  type ClientToServerEvents,
  SERVER_EVENTS,
  type ServerToClientEvents,
  type UnauthorizedReason,
} from '../../contract/socket-events';
import { answerEvent } from '../answer-event';
import type { CloseListener, PayloadOf, Peer, Reply, RequestListener, ServerEvent } from '../peer';

/** No event travels between servers. */
type InterServerEvents = Record<never, never>;
interface SocketData {
  peer: SocketIoPeer;
}
export type AppServer = Server<ClientToServerEvents, ServerToClientEvents, InterServerEvents, SocketData>;
export type AppSocket = Socket<ClientToServerEvents, ServerToClientEvents, InterServerEvents, SocketData>;
type Emit = (event: ServerEvent, payload: unknown) => void;

/** A client of Socket.IO. */
export class SocketIoPeer implements Peer {
  readonly language: Language;
  actor?: Actor;
  private closed = false;
  private closeListeners: readonly CloseListener[] = [];
  private readonly end = (): void => {
    if (this.closed) return;
    this.closed = true;
    for (const listener of this.closeListeners) listener(this);
  };

  constructor(
    private readonly socket: AppSocket,
    readonly address: string,
  ) {
    this.language = pickLanguage(socket.handshake.headers['accept-language']);
    // The transport, too: one that closes during the handshake is reported by no `disconnect`.
    socket.conn.on('close', this.end);
    socket.on('disconnect', () => {
      this.end();
      // A client may leave and keep the connection: nobody would sit there, and it would count for nobody.
      socket.conn.close();
    });
  }

  get id(): string {
    return this.socket.id;
  }

  get isOpen(): boolean {
    return !this.closed && this.socket.conn.readyState === 'open';
  }

  emit<E extends ServerEvent>(event: E, payload: PayloadOf<E>): void {
    (this.socket.emit as Emit).call(this.socket, event, payload);
  }

  join(userId: string): void {
    void this.socket.join(userRoom(userId));
  }

  onRequest(listener: RequestListener): void {
    // `next` is never called: a packet must not reach the emitter, where a client could name any listener.
    this.socket.use((packet) => {
      const [event, ...args] = packet as unknown[];
      const last = args.at(-1);
      const payload = typeof args[0] === 'function' ? undefined : args[0];
      listener(this, { event, payload, reply: typeof last === 'function' ? (last as Reply) : this.answering(event) });
    });
  }

  onClose(listener: CloseListener): void {
    this.closeListeners = [...this.closeListeners, listener];
  }

  dismiss(reason: UnauthorizedReason): void {
    this.emit(SERVER_EVENTS.unauthorized, { reason });
    this.disconnect();
  }

  refuse(error: DomainError): void {
    this.emit(SERVER_EVENTS.error, socketErrorBody(error, this.language));
    this.disconnect();
  }

  private disconnect(): void {
    // Before its connection is announced a socket cannot be disconnected, but its transport can be closed.
    if (this.socket.connected) this.socket.disconnect(true);
    else this.socket.conn.close();
  }

  /** Without a callback the answer is an event; where the contract names none, success shows elsewhere. */
  private answering(event: unknown): Reply {
    return (answer: Ack<unknown>) => {
      if (!answer.ok) return this.emit(SERVER_EVENTS.error, answer.error);
      const named = answerEvent(event, answer.data);
      if (named) (this.socket.emit as Emit).call(this.socket, named.event, named.payload);
    };
  }
}
