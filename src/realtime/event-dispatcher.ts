import { Logger } from '@nestjs/common';
import { defaultIfEmpty, lastValueFrom, type Observable } from 'rxjs';
import { Clock } from '../common/clock';
import { errorName } from '../common/error-name';
import { DomainError } from '../common/errors/domain-error';
import { socketErrorBody } from '../common/errors/error-body';
import { toDomainError } from '../common/errors/to-domain-error';
import { SlidingWindow } from '../common/rate/sliding-window';
import { type Ack, CLIENT_EVENTS } from '../contract/socket-events';
import type { AppSocket } from './app-socket';
import { type Reply, replyOnce } from './reply';

/** A gateway method as Nest wraps it: pipes and filters included, the socket bound. */
export interface EventHandler {
  readonly message: unknown;
  readonly callback: (payload: unknown, reply: Reply) => unknown;
}
export type Transform = (result: unknown) => Observable<unknown>;

const OPEN_TO_ALL: ReadonlySet<unknown> = new Set([CLIENT_EVENTS.authentication, CLIENT_EVENTS.ping]);
const SECOND_MS = 1000;

/**
 * Every packet of every socket passes here, whatever its name and shape, and gets exactly one answer. Nest's own
 * binding drops unknown events and hands the handler an array when a client sends more arguments than one.
 */
export class EventDispatcher {
  private readonly logger = new Logger(EventDispatcher.name);
  private readonly rate: SlidingWindow;
  /** Messages that were refused: looking one up costs as much as any other event. */
  private readonly refusals: SlidingWindow;

  constructor(
    private readonly eventsPerSecond: number,
    private readonly clock: Clock,
  ) {
    this.rate = new SlidingWindow(eventsPerSecond, SECOND_MS);
    this.refusals = new SlidingWindow(eventsPerSecond, SECOND_MS);
  }

  /** Routes the packets of `socket` to `handlers`. */
  bind(socket: AppSocket, handlers: readonly EventHandler[], transform: Transform): void {
    const byName = new Map(handlers.map((handler) => [handler.message, handler]));
    // `next` is never called: a packet must not reach the emitter, where a client could name any listener.
    socket.use((packet) => {
      // A packet that was waiting when the socket was closed: access has ended.
      if (!socket.connected) return;
      const [event, ...args] = packet as unknown[];
      const last = args.at(-1);
      const payload = typeof args[0] === 'function' ? undefined : args[0];
      const reply = replyOnce(socket, event, last, () => {
        if (this.hasOwnLimit(socket, event)) this.refusals.take(socket.id, this.clock.now());
      });
      void this.run(socket, event, () => {
        const handler = byName.get(event);
        if (!handler) throw new DomainError('UNKNOWN_MESSAGE_TYPE');
        return transform(handler.callback(payload, reply));
      }).then(
        // Nothing comes back when the error filter has answered already; then this is the call that does nothing.
        (answer) => (answer ? reply(answer) : this.refuse(socket, reply, new DomainError('PROCESSING_ERROR'))),
        (error: unknown) => this.refuse(socket, reply, error),
      );
    });
  }

  /** @returns undefined when the error filter has answered already */
  private async run(
    socket: AppSocket,
    event: unknown,
    call: () => Observable<unknown>,
  ): Promise<Ack<unknown> | undefined> {
    this.admit(socket, event);
    return (await lastValueFrom(call().pipe(defaultIfEmpty(undefined)))) as Ack<unknown> | undefined;
  }

  /** Messages have a limit of their own, per user and over all channels; here only refused ones count, apart from the rest. */
  private hasOwnLimit(socket: AppSocket, event: unknown): boolean {
    return event === CLIENT_EVENTS.message && socket.data.actor !== undefined;
  }

  /** @throws RATE_LIMITED, AUTH_REQUIRED */
  private admit(socket: AppSocket, event: unknown): void {
    const now = this.clock.now();
    const retryAfterMs = this.hasOwnLimit(socket, event)
      ? this.refusals.peek(socket.id, now)
      : this.rate.take(socket.id, now);
    if (retryAfterMs > 0) throw new DomainError('RATE_LIMITED', { retryAfterMs, limit: this.eventsPerSecond });
    if (!socket.data.actor && !OPEN_TO_ALL.has(event)) throw new DomainError('AUTH_REQUIRED');
  }

  private refuse(socket: AppSocket, reply: Reply, thrown: unknown): void {
    const { error, unexpected } = toDomainError(thrown);
    if (unexpected) this.logger.error(`a socket event failed: ${errorName(thrown)}`);
    reply({ ok: false, error: socketErrorBody(error, socket.data.language) });
  }
}
