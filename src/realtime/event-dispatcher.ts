import { Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Clock } from '../common/clock';
import { Deadlines } from '../common/deadline';
import { errorName } from '../common/error-name';
import { DomainError } from '../common/errors/domain-error';
import { socketErrorBody } from '../common/errors/error-body';
import { toDomainError } from '../common/errors/to-domain-error';
import { SlidingWindow } from '../common/rate/sliding-window';
import { type Ack, CLIENT_EVENTS, OPEN_EVENTS } from '../contract/socket-events';
import type { Peer, PeerRequest, Reply, RequestListener } from './peer';

/** A gateway method as Nest wraps it, pipes and filters included. */
export interface EventHandler {
  readonly message: unknown;
  /** @returns a promise of the answer, or of nothing when the error filter has answered already */
  readonly callback: (payload: unknown, reply: Reply, peer: Peer) => unknown;
}
/** Told of every answer: the event's name if it has a handler, else `unknown`; `ok` or an error code; milliseconds. */
export type AnswerListener = (event: string, outcome: string, ms: number) => void;

const OPEN_TO_ALL: ReadonlySet<unknown> = new Set(OPEN_EVENTS);
/** Hints that nobody misses: a flood of them is no error (contract 4). */
const DROPPED_SILENTLY: ReadonlySet<unknown> = new Set([CLIENT_EVENTS.messageTyping, CLIENT_EVENTS.messageStopTyping]);
const EVENT_NAMES: ReadonlySet<unknown> = new Set(Object.values(CLIENT_EVENTS));
const SECOND_MS = 1000;
/** Every event is answered within this, whatever the store does. In ms. */
const ANSWER_MS = 30_000;
const DRAIN_STEP_MS = 10;

/**
 * Every event of every peer passes here, whatever its name and shape, and gets exactly one answer. Nest's own binding
 * drops unknown events and hands the handler an array when a client sends more arguments than one.
 */
export class EventDispatcher {
  private readonly logger = new Logger(EventDispatcher.name);
  private readonly rate: SlidingWindow;
  /** Messages that were refused: looking one up costs as much as another event. */
  private readonly refusals: SlidingWindow;
  /** Peers of which a message is looked up although too many were refused: it may be known already (contract 6.2). */
  private readonly lookups = new WeakSet<Peer>();
  /** Peers whose first authentication is under way: what they send meanwhile waits for it. */
  private readonly entering = new WeakMap<Peer, Promise<unknown>>();
  private handlers: ReadonlyMap<unknown, EventHandler> = new Map();
  private readonly deadlines: Deadlines;
  private unanswered = 0;
  private stopped = false;

  constructor(
    private readonly eventsPerSecond: number,
    private readonly clock: Clock,
    private readonly onAnswer: AnswerListener = () => undefined,
    answerMs = ANSWER_MS,
  ) {
    this.deadlines = new Deadlines(answerMs);
    this.rate = new SlidingWindow(eventsPerSecond, SECOND_MS);
    this.refusals = new SlidingWindow(eventsPerSecond, SECOND_MS);
  }

  /** The handlers of all peers. */
  serve(handlers: readonly EventHandler[]): void {
    this.handlers = new Map(handlers.map((handler) => [handler.message, handler]));
  }

  /** Routes the events of `peer` to the handlers. */
  bind(peer: Peer): void {
    peer.onRequest(this.route);
  }

  /**
   * Takes no more events and waits for the answers to those that came: a message that is being stored is acknowledged.
   * @param withinMs at most this long, milliseconds
   */
  async stop(withinMs: number): Promise<void> {
    this.stopped = true;
    const end = Date.now() + withinMs;
    while (this.unanswered > 0 && Date.now() < end) await delay(DRAIN_STEP_MS);
  }

  private readonly route: RequestListener = (peer, request) => {
    // An event that was waiting when the peer was closed: access has ended.
    if (!peer.isOpen || this.stopped) return;
    this.handle(peer, request, (reply) => {
      const handler = this.handlers.get(request.event);
      if (!handler) throw new DomainError('UNKNOWN_MESSAGE_TYPE');
      return handler.callback(request.payload, reply, peer);
    });
  };

  private handle(peer: Peer, { event, payload, reply: answer }: PeerRequest, call: (reply: Reply) => unknown): void {
    const ownLimit = this.hasOwnLimit(peer, event);
    const waitMs = this.waitMs(peer, ownLimit);
    const isLookup = waitMs > 0 && ownLimit && hasKey(payload) && !this.lookups.has(peer);
    if (isLookup) this.lookups.add(peer);
    this.unanswered += 1;
    const started = performance.now();
    let answered = false;
    const deadline = this.deadlines.start(() => this.refuse(peer, reply, new DomainError('DATABASE_UNAVAILABLE')));
    const reply: Reply = (given) => {
      if (answered) return;
      answered = true;
      this.deadlines.end(deadline);
      this.unanswered -= 1;
      const name = EVENT_NAMES.has(event) ? String(event) : 'unknown';
      this.onAnswer(name, given.ok ? 'ok' : given.error.error_code, performance.now() - started);
      if (ownLimit && !given.ok) this.refusals.take(peer.id, this.clock.now());
      if (isLookup) this.lookups.delete(peer);
      answer(given);
    };
    if (waitMs > 0 && !isLookup) return this.refuseFlood(peer, event, reply, waitMs);
    const running = this.run(peer, event, () => call(reply));
    if (!peer.actor && event === CLIENT_EVENTS.authentication)
      this.entering.set(
        peer,
        running.catch(() => undefined),
      );
    void running.then(
      (result) => {
        if (result) reply(result as Ack<unknown>);
        // Nothing comes back either when the error filter has answered already.
        else if (!answered) this.refuse(peer, reply, new DomainError('PROCESSING_ERROR'));
      },
      (error: unknown) => this.refuse(peer, reply, error),
    );
  }

  private async run(peer: Peer, event: unknown, call: () => unknown): Promise<unknown> {
    if (!peer.actor) {
      await this.entering.get(peer);
      if (!peer.actor && !OPEN_TO_ALL.has(event)) throw new DomainError('AUTH_REQUIRED');
    }
    return call();
  }

  /** Messages have a limit of their own, per user and over all channels; here only refused ones count, apart from the rest. */
  private hasOwnLimit(peer: Peer, event: unknown): boolean {
    return event === CLIENT_EVENTS.message && peer.actor !== undefined;
  }

  /** @returns 0 when the event is admitted, else the milliseconds until one is. */
  private waitMs(peer: Peer, ownLimit: boolean): number {
    const now = this.clock.now();
    return ownLimit ? this.refusals.peek(peer.id, now) : this.rate.take(peer.id, now);
  }

  private refuseFlood(peer: Peer, event: unknown, reply: Reply, retryAfterMs: number): void {
    if (peer.actor && DROPPED_SILENTLY.has(event)) reply({ ok: true, data: {} });
    else this.refuse(peer, reply, new DomainError('RATE_LIMITED', { retryAfterMs, limit: this.eventsPerSecond }));
  }

  private refuse(peer: Peer, reply: Reply, thrown: unknown): void {
    const { error, unexpected } = toDomainError(thrown);
    if (unexpected) this.logger.error(`a socket event failed: ${errorName(thrown)}`);
    reply({ ok: false, error: socketErrorBody(error, peer.language) });
  }
}

/** Only a message with a key can be a resend. */
const hasKey = (payload: unknown): boolean =>
  typeof payload === 'object' &&
  payload !== null &&
  'client_message_id' in payload &&
  typeof payload.client_message_id === 'string';
