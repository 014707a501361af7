import { Injectable, Logger } from '@nestjs/common';
import { AuthService } from '../auth/auth.service';
import { type Actor, isPerson } from '../common/actor';
import { Clock } from '../common/clock';
import { errorName } from '../common/error-name';
import { DomainError } from '../common/errors/domain-error';
import { socketErrorBody } from '../common/errors/error-body';
import { toDomainError } from '../common/errors/to-domain-error';
import { pickLanguage } from '../common/language';
import { SlidingWindow } from '../common/rate/sliding-window';
import { AppConfig } from '../config/app-config';
import { userRoom } from '../contract/rooms';
import { type AuthenticatedPayload, SERVER_EVENTS, type UnauthorizedReason } from '../contract/socket-events';
import { DomainEvents } from '../events/domain-events';
import { ConnectionRegistry } from '../presence/connection-registry';
import { RateLimits } from '../rate-limits/rate-limits';
import type { AppSocket } from './app-socket';
import { ClientAddress } from './client-address';
import { handshakeToken } from './handshake-token';
import { longTimeout } from './long-timeout';

const MINUTE_MS = 60_000;

/** Who sits at a socket, from the handshake to the end: admission, renewal, expiry, deactivation. */
@Injectable()
export class SocketSessions {
  private readonly logger = new Logger(SocketSessions.name);
  private readonly failures: SlidingWindow;
  private readonly addresses: ClientAddress;
  /** Sockets that hold a place, those in their handshake included. */
  private readonly holders = new Map<string, AppSocket>();
  /** One set per check under way: the people who were deactivated since it began. */
  private readonly checks = new Set<Set<string>>();

  constructor(
    private readonly auth: AuthService,
    private readonly registry: ConnectionRegistry,
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly rates: RateLimits,
    events: DomainEvents,
  ) {
    this.failures = new SlidingWindow(config.rates.connectionsPerMinute, MINUTE_MS);
    this.addresses = new ClientAddress(config.trustedProxies);
    events.on('user.deactivated', ({ userId }) => this.deactivate(userId));
  }

  /**
   * The handshake, before any handler or room exists.
   * @returns the refusal, which the client finds in `connect_error` as `data`; undefined when it may enter
   */
  async admit(socket: AppSocket): Promise<Error | undefined> {
    socket.data.language = pickLanguage(socket.handshake.headers['accept-language']);
    try {
      const actor = await this.verify(socket, () => handshakeToken(socket.handshake));
      if (!actor) return undefined;
      await this.checkRate(actor);
      // A client that left meanwhile gets no `disconnect` event, so a place taken now would stay taken.
      if (socket.conn.readyState !== 'open') return undefined;
      this.takePlace(socket, actor);
      socket.data.actor = actor;
      return undefined;
    } catch (thrown) {
      const { error, unexpected } = toDomainError(thrown);
      if (unexpected) this.logger.error(`a handshake failed: ${errorName(thrown)}`);
      const data = socketErrorBody(error, socket.data.language);
      return Object.assign(new Error(data.message), { data });
    }
  }

  /** The socket is open: it joins its user's room, or waits in the empty state. */
  begin(socket: AppSocket): void {
    const { actor } = socket.data;
    this.registry.bind(socket.id);
    socket.once('disconnect', () => this.end(socket));
    if (actor) {
      this.settle(socket, actor);
      return;
    }
    const close = (): void => this.dismiss(socket, 'auth_timeout');
    socket.data.authTimer = setTimeout(close, this.config.websocket.authenticationTimeoutMs).unref();
  }

  /**
   * The `authentication` event: entry from the empty state, or a new token for the same person.
   * @throws AUTH_FAILED, FORBIDDEN, RATE_LIMITED, TOO_MANY_CONNECTIONS
   */
  async authenticate(socket: AppSocket, token: string): Promise<AuthenticatedPayload> {
    const actor = await this.verify(socket, () => token);
    if (!actor) throw new DomainError('AUTH_FAILED');
    if (!socket.data.actor) await this.checkRate(actor);
    if (!socket.connected) throw new DomainError('AUTH_FAILED');
    const current = socket.data.actor; // read after the checks: two of them may have been under way
    if (current && current.userId !== actor.userId) throw new DomainError('AUTH_FAILED');
    if (!current) this.takePlace(socket, actor);
    this.settle(socket, actor);
    const { userId, username, displayName, role } = actor;
    return {
      user_info: { user_id: userId, username, display_name: displayName, role },
      timestamp: new Date(this.clock.now()).toISOString(),
    };
  }

  /** Failed attempts count per address, successful ones do not: a whole school is one address. */
  private async verify(socket: AppSocket, tokenOf: () => string | undefined): Promise<Actor | undefined> {
    const deactivated = new Set<string>();
    this.checks.add(deactivated);
    try {
      const token = tokenOf();
      if (token === undefined) return undefined;
      const caller = await this.auth.authenticate(token);
      if (!isPerson(caller)) throw new DomainError('FORBIDDEN');
      if (deactivated.has(caller.userId)) throw new DomainError('AUTH_FAILED');
      return { ...caller, socketId: socket.id };
    } catch (error) {
      if (error instanceof DomainError && error.code === 'AUTH_FAILED') this.countFailure(socket);
      throw error;
    } finally {
      this.checks.delete(deactivated);
    }
  }

  /** @throws RATE_LIMITED when the address has failed too often */
  private countFailure({ handshake }: AppSocket): void {
    const address = this.addresses.of(handshake.address, handshake.headers['x-forwarded-for']);
    const retryAfterMs = this.failures.take(address, this.clock.now());
    if (retryAfterMs > 0) throw this.rateLimited(retryAfterMs);
  }

  /** @throws RATE_LIMITED */
  private async checkRate({ userId }: Actor): Promise<void> {
    const { waitMs } = await this.rates.connections.take(userId);
    if (waitMs > 0) throw this.rateLimited(waitMs);
  }

  /** @throws TOO_MANY_CONNECTIONS */
  private takePlace(socket: AppSocket, { userId }: Actor): void {
    if (!this.registry.reserve(userId, socket.id, this.config.websocket.maxConnectionsPerUser)) {
      throw new DomainError('TOO_MANY_CONNECTIONS');
    }
    this.holders.set(socket.id, socket);
    // Also covers a transport that closes between admission and connection, which no `disconnect` reports.
    const onClose = (): void => this.end(socket);
    socket.conn.once('close', onClose);
    socket.once('disconnect', () => socket.conn.off('close', onClose));
  }

  private settle(socket: AppSocket, actor: Actor): void {
    const { data } = socket;
    clearTimeout(data.authTimer);
    data.stopExpiry?.();
    data.actor = actor;
    void socket.join(userRoom(actor.userId));
    const now = this.clock.now();
    // The leeway is for clocks that disagree: a token admitted within it lives to its end, others to their expiry.
    const leeway = actor.expiresAt > now ? 0 : this.config.auth.leewaySeconds * 1000;
    data.stopExpiry = longTimeout(() => this.dismiss(socket, 'token_expired'), actor.expiresAt + leeway - now);
  }

  private deactivate(userId: string): void {
    for (const check of this.checks) check.add(userId);
    for (const id of this.registry.socketIds(userId)) {
      const socket = this.holders.get(id);
      if (socket) this.dismiss(socket, 'user_inactive');
    }
  }

  private dismiss(socket: AppSocket, reason: UnauthorizedReason): void {
    socket.emit(SERVER_EVENTS.unauthorized, { reason });
    // Before its connection is announced a socket cannot be disconnected, but its transport can be closed.
    if (socket.connected) socket.disconnect(true);
    else socket.conn.close();
  }

  private end(socket: AppSocket): void {
    clearTimeout(socket.data.authTimer);
    socket.data.stopExpiry?.();
    this.holders.delete(socket.id);
    this.registry.release(socket.id);
  }

  private rateLimited(retryAfterMs: number): DomainError {
    return new DomainError('RATE_LIMITED', { retryAfterMs, limit: this.config.rates.connectionsPerMinute });
  }
}
