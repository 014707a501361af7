import { type RawData, WebSocket } from 'ws';
import { randomUUID } from 'node:crypto';
import type { Actor } from '../../common/actor';
import { DomainError } from '../../common/errors/domain-error';
import { socketErrorBody } from '../../common/errors/error-body';
import { toDomainError } from '../../common/errors/to-domain-error';
import type { Language } from '../../common/language';
import {
  type Ack,
  CLIENT_EVENTS,
  type ErrorBody,
  SERVER_EVENTS,
  type UnauthorizedReason,
} from '../../contract/socket-events';
import { answerEvent } from '../answer-event';
import type { CloseListener, PayloadOf, Peer, Reply, RequestListener, ServerEvent } from '../peer';
import { CLOSE_CODES, closeCodeOf } from './close-codes';
import { errorFrame, eventFrame, type Frame, parseFrame, type RequestId, successFrame } from './frames';
import { MAX_WAITING_BYTES } from './slow-readers';

/** How long a client has to answer the closing handshake. */
const CLOSING_MS = 1000;

const DONE: Readonly<Record<Language, string>> = { fr: 'C’est fait.', en: 'Done.', ar: 'تم.' };
const OPENED: Readonly<Record<Language, string>> = {
  fr: 'La conversation est ouverte.',
  en: 'The conversation is open.',
  ar: 'تم فتح المحادثة.',
};

/** Frames about a conversation: on `/ws/conversation/{id}` they need not name it. */
const ABOUT_A_CONVERSATION: ReadonlySet<unknown> = new Set([
  CLIENT_EVENTS.message,
  CLIENT_EVENTS.messageRead,
  CLIENT_EVENTS.messageDelivered,
  CLIENT_EVENTS.messageTyping,
  CLIENT_EVENTS.messageStopTyping,
  CLIENT_EVENTS.conversationJoin,
  CLIENT_EVENTS.conversationLeave,
]);

const FAREWELLS: Readonly<Record<UnauthorizedReason, { error: DomainError; code: number }>> = {
  token_expired: { error: new DomainError('AUTH_FAILED'), code: CLOSE_CODES.authentication },
  user_inactive: { error: new DomainError('AUTH_FAILED'), code: CLOSE_CODES.authentication },
  auth_timeout: { error: new DomainError('AUTH_REQUIRED'), code: CLOSE_CODES.authenticationTimeout },
};

export interface PlainPeerOptions {
  readonly address: string;
  readonly language: Language;
  readonly conversationId?: string;
  /** Called when a user sits there, for the door's own list. */
  readonly onJoin: (userId: string) => void;
  /** Called after an `authentication` frame was answered with success. */
  readonly onAuthenticated: () => void;
  /** Counts a frame that nobody could understand. @returns whether it was one too many. */
  readonly onBadFrame: () => boolean;
}

/** A client of the plain WebSocket (contract 5). */
export class PlainPeer implements Peer {
  readonly id = randomUUID();
  readonly address: string;
  readonly language: Language;
  readonly conversationId?: string;
  actor?: Actor;
  /** Its conversation was found to be the actor's. */
  isOpened = false;
  private closed = false;
  private listener?: RequestListener;
  private readonly closeListeners: CloseListener[] = [];

  constructor(
    private readonly socket: WebSocket,
    private readonly options: PlainPeerOptions,
  ) {
    this.address = options.address;
    this.language = options.language;
    if (options.conversationId !== undefined) this.conversationId = options.conversationId;
    socket.on('message', (data, isBinary) => this.receive(data, isBinary));
    socket.once('close', () => this.end());
    // What a client breaks of the protocol closes the socket; there is nobody to tell.
    socket.on('error', () => undefined);
  }

  get isOpen(): boolean {
    return !this.closed && this.socket.readyState === WebSocket.OPEN;
  }

  emit<E extends ServerEvent>(event: E, payload: PayloadOf<E>): void {
    this.send(event === SERVER_EVENTS.error ? errorFrame(payload as ErrorBody) : eventFrame(event, payload));
  }

  /** Writes a frame that is encoded already. */
  send(frame: string | Buffer): void {
    if (!this.isOpen) return;
    if (this.socket.bufferedAmount > MAX_WAITING_BYTES) return this.socket.terminate();
    this.socket.send(frame, { binary: false });
  }

  join(userId: string): void {
    this.options.onJoin(userId);
  }

  onRequest(listener: RequestListener): void {
    this.listener = listener;
  }

  onClose(listener: CloseListener): void {
    this.closeListeners.push(listener);
  }

  dismiss(reason: UnauthorizedReason): void {
    this.emit(SERVER_EVENTS.unauthorized, { reason });
    const { error, code } = FAREWELLS[reason];
    this.farewell(error, code);
  }

  refuse(error: DomainError): void {
    this.farewell(error, closeCodeOf(error.code));
  }

  /** The service stops. */
  leave(): void {
    this.farewell(new DomainError('DATABASE_UNAVAILABLE'), CLOSE_CODES.shutdown);
  }

  /** Resolves when the connection is gone, after `withinMs` milliseconds by force. */
  async gone(withinMs: number): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => this.socket.once('close', resolve));
    const timer = setTimeout(() => this.socket.terminate(), withinMs);
    await closed;
    clearTimeout(timer);
  }

  /** The first frame on `/ws/conversation/{id}`. */
  opened(): void {
    this.isOpened = true;
    this.send(successFrame(OPENED[this.language], { conversation_id: this.conversationId }));
  }

  private farewell(error: DomainError, code: number): void {
    if (!this.isOpen) return;
    this.emit(SERVER_EVENTS.error, socketErrorBody(error, this.language));
    this.socket.close(code);
    setTimeout(() => this.socket.terminate(), CLOSING_MS).unref();
    // Access ends with the farewell, not with the client's answer to it.
    this.end();
  }

  private receive(data: RawData, isBinary: boolean): void {
    if (!this.isOpen) return;
    let frame: Frame;
    try {
      if (isBinary) throw new DomainError('INVALID_JSON');
      frame = parseFrame((data as Buffer).toString());
    } catch (thrown) {
      return this.refuseFrame(toDomainError(thrown).error);
    }
    const { event, requestId } = frame;
    this.listener?.(this, { event, payload: this.complete(frame), reply: this.answering(event, requestId) });
  }

  private complete({ event, payload }: Frame): Record<string, unknown> {
    const { conversationId } = this;
    if (conversationId === undefined || !ABOUT_A_CONVERSATION.has(event)) return payload;
    const named = ['conversation_id', 'recipient_id'].some((field) => payload[field] !== undefined);
    const delivered = event === CLIENT_EVENTS.messageDelivered && payload['message_id'] !== undefined;
    return named || delivered ? payload : { ...payload, conversation_id: conversationId };
  }

  private answering(event: unknown, requestId: RequestId | undefined): Reply {
    return (answer: Ack<unknown>) => {
      if (!answer.ok) {
        const unknown = answer.error.error_code === 'UNKNOWN_MESSAGE_TYPE';
        this.send(errorFrame(answer.error, requestId));
        if (unknown) this.countBadFrame();
        return;
      }
      const named = answerEvent(event, answer.data);
      this.send(
        named
          ? eventFrame(named.event, named.payload, requestId)
          : successFrame(DONE[this.language], answer.data, requestId),
      );
      if (event === CLIENT_EVENTS.authentication) this.options.onAuthenticated();
    };
  }

  private refuseFrame(error: DomainError): void {
    this.emit(SERVER_EVENTS.error, socketErrorBody(error, this.language));
    this.countBadFrame();
  }

  private countBadFrame(): void {
    if (this.options.onBadFrame()) this.refuse(new DomainError('RATE_LIMITED'));
  }

  private end(): void {
    if (this.closed) return;
    this.closed = true;
    for (const listener of this.closeListeners.splice(0)) listener(this);
  }
}
