import { Injectable, Logger } from '@nestjs/common';
import { AuthService } from '../auth/auth.service';
import { type Actor, isPerson } from '../common/actor';
import { Clock } from '../common/clock';
import { errorName } from '../common/error-name';
import { DomainError } from '../common/errors/domain-error';
import { toDomainError } from '../common/errors/to-domain-error';
import { SlidingWindow } from '../common/rate/sliding-window';
import { AppConfig } from '../config/app-config';
import type { Role } from '../contract/roles';
import type { AuthenticatedPayload } from '../contract/socket-events';
import { DomainEvents } from '../events/domain-events';
import { ConnectionRegistry } from '../presence/connection-registry';
import { Presence } from '../presence/presence';
import { RateLimits } from '../rate-limits/rate-limits';
import { longTimeout, type Timed } from './long-timeout';
import type { Peer } from './peer';

const MINUTE_MS = 60_000;
/** Sockets of one address that nobody has authenticated yet: room for a school, not for a flood. */
const WAITING_PER_ADDRESS = 200;

/** A peer from its handshake to its end; the timeout is that of its token, or that to bring one. */
interface Session extends Timed {
  readonly peer: Peer;
  /** It counts among those of its address whom nobody knows yet. */
  waiting: boolean;
}

const expire = ({ peer }: Session): void => peer.dismiss('token_expired');
const giveUp = ({ peer }: Session): void => peer.dismiss('auth_timeout');

/** Who sits at a socket, from the handshake to the end, whichever door: admission, renewal, expiry, deactivation. */
@Injectable()
export class SocketSessions {
  private readonly logger = new Logger(SocketSessions.name);
  private readonly failures: SlidingWindow;
  private readonly sessions = new Map<string, Session>();
  private readonly closed = ({ id }: Peer): void => {
    const session = this.sessions.get(id);
    if (session) this.end(session);
  };
  private readonly waitingAt = new Map<string, number>();
  /** One set per check under way: the people who were deactivated since it began. */
  private readonly checks = new Set<Set<string>>();

  constructor(
    private readonly auth: AuthService,
    private readonly registry: ConnectionRegistry,
    private readonly presence: Presence,
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly rates: RateLimits,
    events: DomainEvents,
  ) {
    this.failures = new SlidingWindow(config.rates.connectionsPerMinute, MINUTE_MS);
    events.on('user.deactivated', ({ userId }) => this.deactivate(userId));
    events.on('user.role_changed', ({ userId, to }) => this.changeRole(userId, to));
  }

  /**
   * The handshake, before any event is handled.
   * @param tokenOf what the handshake carries; may throw AUTH_FAILED
   * @returns the refusal; undefined when the peer may enter
   */
  async admit(peer: Peer, tokenOf: () => string | undefined): Promise<DomainError | undefined> {
    const session: Session = { peer, waiting: false };
    this.sessions.set(peer.id, session);
    peer.onClose(this.closed);
    try {
      const actor = await this.verify(peer, tokenOf);
      // One that left meanwhile has ended already: a place taken now would stay taken.
      if (!peer.isOpen) return undefined;
      if (!actor) this.wait(session);
      else {
        await this.takePlace(peer, actor);
        peer.actor = actor;
      }
      return undefined;
    } catch (thrown) {
      this.end(session);
      const { error, unexpected } = toDomainError(thrown);
      if (unexpected) this.logger.error(`a handshake failed: ${errorName(thrown)}`);
      return error;
    }
  }

  /** The peer is connected: broadcasts to its user reach it, or it waits in the empty state. */
  begin(peer: Peer): void {
    const session = this.sessions.get(peer.id);
    if (!session) return;
    this.registry.bind(peer.id);
    if (peer.actor) {
      this.settle(session, peer.actor);
      return;
    }
    longTimeout(session, this.config.websocket.authenticationTimeoutMs, giveUp);
  }

  /**
   * The `authentication` event: entry from the empty state, or a new token for the same person.
   * @throws AUTH_FAILED, FORBIDDEN, RATE_LIMITED, TOO_MANY_CONNECTIONS
   */
  async authenticate(peer: Peer, token: string): Promise<AuthenticatedPayload> {
    const actor = await this.verify(peer, () => token);
    const session = this.sessions.get(peer.id);
    if (!actor || !session || !peer.isOpen) throw new DomainError('AUTH_FAILED');
    const current = peer.actor; // read after the checks: two of them may have been under way
    if (current && current.userId !== actor.userId) throw new DomainError('AUTH_FAILED');
    if (!current) {
      await this.takePlace(peer, actor);
      if (!peer.isOpen) throw new DomainError('AUTH_FAILED');
      this.registry.bind(peer.id);
    }
    this.settle(session, actor);
    const { userId, username, displayName, role } = actor;
    return {
      user_info: { user_id: userId, username, display_name: displayName, role },
      timestamp: new Date(this.clock.now()).toISOString(),
    };
  }

  /** @returns the peers of a user that are open here. */
  peersOf(userId: string): Peer[] {
    return this.registry.socketIds(userId).flatMap((id) => this.sessions.get(id)?.peer ?? []);
  }

  /**
   * Failed attempts count per address, successful ones do not: a whole school is one address.
   * @throws AUTH_FAILED, FORBIDDEN, RATE_LIMITED
   */
  private async verify(peer: Peer, tokenOf: () => string | undefined): Promise<Actor | undefined> {
    const deactivated = new Set<string>();
    this.checks.add(deactivated);
    try {
      const token = tokenOf();
      if (token === undefined) return undefined;
      const caller = await this.auth.authenticate(token);
      if (!isPerson(caller)) throw new DomainError('FORBIDDEN');
      if (!peer.actor) await this.checkRate(caller);
      if (deactivated.has(caller.userId)) throw new DomainError('AUTH_FAILED');
      return { ...caller, socketId: peer.id };
    } catch (error) {
      if (error instanceof DomainError && error.code === 'AUTH_FAILED') this.countFailure(peer);
      throw error;
    } finally {
      this.checks.delete(deactivated);
    }
  }

  /** @throws RATE_LIMITED when the address has failed too often */
  private countFailure({ address }: Peer): void {
    const retryAfterMs = this.failures.take(address, this.clock.now());
    if (retryAfterMs > 0) throw this.rateLimited(retryAfterMs);
  }

  /** @throws RATE_LIMITED when too many of the address wait already */
  private wait(session: Session): void {
    const { address } = session.peer;
    const waiting = this.waitingAt.get(address) ?? 0;
    if (waiting >= WAITING_PER_ADDRESS) throw this.rateLimited(this.config.websocket.authenticationTimeoutMs);
    this.waitingAt.set(address, waiting + 1);
    session.waiting = true;
  }

  private endWait(session: Session): void {
    if (!session.waiting) return;
    session.waiting = false;
    const { address } = session.peer;
    const left = (this.waitingAt.get(address) ?? 1) - 1;
    if (left > 0) this.waitingAt.set(address, left);
    else this.waitingAt.delete(address);
  }

  /** @throws RATE_LIMITED */
  private async checkRate({ userId }: Actor): Promise<void> {
    const { waitMs } = await this.rates.connections.take(userId);
    if (waitMs > 0) throw this.rateLimited(waitMs);
  }

  /** A peer that is closed meanwhile gives its place back. @throws TOO_MANY_CONNECTIONS */
  private async takePlace(peer: Peer, { userId }: Actor): Promise<void> {
    if (!(await this.presence.enter(userId, peer.id))) throw new DomainError('TOO_MANY_CONNECTIONS');
  }

  private settle(session: Session, actor: Actor): void {
    const { peer } = session;
    this.endWait(session);
    peer.actor = actor;
    peer.join(actor.userId);
    const now = this.clock.now();
    // The leeway is for clocks that disagree: a token admitted within it lives to its end, others to their expiry.
    const leeway = actor.expiresAt > now ? 0 : this.config.auth.leewaySeconds * 1000;
    longTimeout(session, actor.expiresAt + leeway - now, expire);
  }

  private deactivate(userId: string): void {
    for (const check of this.checks) check.add(userId);
    for (const peer of this.peersOf(userId)) peer.dismiss('user_inactive');
  }

  private changeRole(userId: string, role: Role): void {
    for (const peer of this.peersOf(userId)) if (peer.actor) peer.actor = { ...peer.actor, role };
  }

  private end(session: Session): void {
    this.endWait(session);
    clearTimeout(session.timer);
    this.sessions.delete(session.peer.id);
    this.registry.release(session.peer.id);
  }

  private rateLimited(retryAfterMs: number): DomainError {
    return new DomainError('RATE_LIMITED', { retryAfterMs, limit: this.config.rates.connectionsPerMinute });
  }
}
