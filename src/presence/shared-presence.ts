import {
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { errorName } from '../common/error-name';
import { KeyedTurns } from '../common/keyed-turns';
import { type RedisConnection, RedisAwayError } from '../redis/redis-connection';
import type { ConnectionRegistry } from './connection-registry';
import type { LocalPresence } from './local-presence';
import { Presence, type PresenceChange } from './presence';
import { livingDevices, onlineFor } from './presence-rules';
import type { PresenceTimings } from './presence-timings';
import type { SharedCounter } from './shared-counter';
import type { SharedPeople, Step } from './shared-people';

/**
 * Presence over all nodes: each tells the others of its sockets under a lease of its own. What this process knows by
 * itself holds always; while Redis is away nothing else does, and afterwards the node registers anew.
 */
export class SharedPresence
  extends Presence
  implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown
{
  private readonly logger = new Logger(SharedPresence.name);
  /** The steps of one person, one after the other. */
  private readonly turns = new KeyedTurns();
  private readonly listeners: ((change: PresenceChange) => void)[] = [];
  /** The name under which the sockets of this process are registered; another one after every loss. */
  private node = randomUUID();
  private isRegistered = false;
  private wasRegistered = false;
  /** What could be told here only. */
  private readonly untold = new Map<string, PresenceChange>();
  /** Told since this node registered anew, when others may not have been back to hear it. */
  private early: { readonly until: number; readonly changes: Map<string, PresenceChange> } | undefined;
  private readonly cameHere = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private beating: Promise<void> | undefined;
  private complained = false;
  private leaving = false;

  constructor(
    private readonly local: LocalPresence,
    private readonly registry: ConnectionRegistry,
    private readonly people: SharedPeople,
    private readonly counter: SharedCounter,
    private readonly redis: RedisConnection,
    private readonly maxConnections: number,
    private readonly timings: PresenceTimings,
  ) {
    super();
    // The local presence hears of an opened socket first.
    local.onChange((change) => (change.isOnline ? this.cameHere.add(change.userId) : void this.settle(change)));
    registry.onOpened((userId, socketId) => void this.opened(userId, socketId, this.cameHere.delete(userId)));
    registry.onEnded((userId, socketId) => void this.step(userId, 'close', socketId));
    redis.onSubscribed(() => void this.registerAnew());
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.beat(), this.timings.beatMs).unref();
  }

  /** What this node would tell from now on nobody hears. */
  onModuleDestroy(): void {
    this.leaving = true;
  }

  /** The sockets are about to be closed: who does not come to another node in time is gone. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.beating;
    await this.people.lease(this.node, this.timings.graceMs).catch(() => undefined);
  }

  async enter(userId: string, socketId: string): Promise<boolean> {
    // What one node alone refuses, all of them refuse.
    if (!this.local.enter(userId, socketId)) return false;
    if ((await this.step(userId, 'take', socketId)) !== 0) return true;
    this.registry.giveBack(socketId);
    return false;
  }

  async onlineAmong(userIds: readonly string[]): Promise<ReadonlySet<string>> {
    const online = new Set(await this.local.onlineAmong(userIds));
    return this.addFromOthers(online, userIds, (_id, footprint, moment) => onlineFor(footprint, moment) > 0);
  }

  async connectedAmong(userIds: readonly string[]): Promise<ReadonlySet<string>> {
    const connected = new Set(await this.local.connectedAmong(userIds));
    return this.addFromOthers(connected, userIds, (_id, footprint, moment) =>
      livingDevices(footprint, moment).some(({ isOpen }) => isOpen),
    );
  }

  async online(limit: number): Promise<string[]> {
    const here = await this.local.online(limit);
    const known = here.length < limit ? await this.asked(() => this.people.some(limit), []) : [];
    const online = await this.onlineAmong(known);
    return [...new Set([...here, ...online])].slice(0, limit);
  }

  async connectionsOf(userId: string): Promise<string[]> {
    const ids = new Set(await this.local.connectionsOf(userId));
    const note: Parameters<SharedPeople['read']>[1] = (_id, footprint, moment) => {
      for (const { node, id, isOpen } of livingDevices(footprint, moment)) {
        if (isOpen && node !== this.node) ids.add(id);
      }
    };
    await this.asked(() => this.people.read([userId], note), undefined);
    return [...ids];
  }

  seenHere(): Map<string, number> {
    return this.local.seenHere();
  }

  onChange(listener: (change: PresenceChange) => void): void {
    this.listeners.push(listener);
  }

  /** Renews the lease, and does what is found wrong. Never rejects; one at a time. */
  beat(): Promise<void> {
    this.beating ??= this.runBeat().finally(() => (this.beating = undefined));
    return this.beating;
  }

  /** A beat that is under way may have begun with the Redis that is gone. */
  private async registerAnew(): Promise<void> {
    await this.beating;
    this.isRegistered = false;
    await this.beat();
  }

  private async runBeat(): Promise<void> {
    if (!this.redis.isReady()) return this.counter.note(undefined);
    try {
      const beat = this.isRegistered ? await this.tellBeat() : undefined;
      if (beat?.lives) await this.repeatEarly();
      else await this.register();
      if (!beat?.lives || beat.reap) await this.reap();
    } catch (error) {
      this.lost(error);
    }
  }

  private async tellBeat(): ReturnType<SharedPeople['beat']> {
    const { total_connections, authenticated_connections } = this.registry.counts();
    const beat = await this.people.beat(this.node, total_connections, authenticated_connections);
    const { sockets, authenticated, people } = beat;
    this.counter.note({
      total_connections: sockets,
      authenticated_connections: authenticated,
      users_online: people,
    });
    return beat;
  }

  /** Under a new name, so that nothing of what happened meanwhile stays: what stands under the old one is reaped. */
  private async register(): Promise<void> {
    const old = this.node;
    this.node = randomUUID();
    this.isRegistered = true;
    if (this.wasRegistered) this.early = { until: performance.now() + this.timings.returnMs, changes: new Map() };
    this.wasRegistered = true;
    await this.people.lease(this.node, this.timings.leaseMs);
    await this.people.register(old, this.node, this.registry.people(), (userId) => {
      const open = this.registry.liveSocketIds(userId);
      return { open, reserved: this.registry.socketIds(userId).filter((id) => !open.includes(id)) };
    });
    await this.people.lease(old, 0);
    for (const change of this.untold.values()) this.tell(change);
    this.untold.clear();
  }

  /** Once more, when the other nodes listen again, what is still so. */
  private async repeatEarly(): Promise<void> {
    if (!this.early || performance.now() < this.early.until) return;
    const { changes } = this.early;
    this.early = undefined;
    const online = await this.onlineAmong([...changes.keys()]);
    for (const change of changes.values()) if (change.isOnline === online.has(change.userId)) this.tell(change);
  }

  private async reap(): Promise<void> {
    const { now } = await this.tellBeat();
    await this.people.reap((userId, since) =>
      this.tell({ userId, isOnline: false, ...(since > 0 && { lastSeen: new Date(since) }) }),
    );
    // Sockets of a node that stops are closed after its lease was cut short: their people are gone only after it ended.
    await this.people.forget(now - this.timings.leaseMs);
  }

  private async opened(userId: string, socketId: string, cameHere: boolean): Promise<void> {
    const answer = await this.step(userId, 'open', socketId);
    if (answer === 1) this.tell({ userId, isOnline: true });
    if (answer === undefined && cameHere) this.tellHere({ userId, isOnline: true });
  }

  /** Here the time to return is over: is there a socket elsewhere? */
  private async settle(change: PresenceChange): Promise<void> {
    // Who reaps this node settles it, and tells it.
    if (this.leaving) return;
    const { userId } = change;
    const answer = await this.step(userId, 'settle');
    if (answer === undefined) this.tellHere(change);
    else if (answer < 0) this.tell({ userId, isOnline: false, lastSeen: new Date(-answer) });
    else if (answer > 0) setTimeout(() => void this.settle(change), answer).unref();
  }

  /** @returns undefined when nobody can say: then the node has to register anew. */
  private async step(userId: string, step: Step, socketId?: string): Promise<number | undefined> {
    const ask = (): Promise<number | undefined> =>
      this.people.step(userId, step, this.node, socketId, this.maxConnections);
    try {
      return await this.turns.run(userId, async () => {
        const { node } = this;
        const answer = await ask();
        if (answer !== undefined || this.leaving) return answer;
        await this.registerInsteadOf(node);
        return ask();
      });
    } catch (error) {
      this.lost(error);
      return undefined;
    }
  }

  /** Redis lost the lease of `node`, or it ended: not to wait for the next beat. Many may ask; one registers. */
  private async registerInsteadOf(node: string): Promise<void> {
    await this.beating;
    if (this.node === node) {
      this.isRegistered = false;
      void this.beat();
    }
    await this.beating;
  }

  private async addFromOthers(
    known: Set<string>,
    userIds: readonly string[],
    holds: (...person: Parameters<Parameters<SharedPeople['read']>[1]>) => boolean,
  ): Promise<ReadonlySet<string>> {
    const others = userIds.filter((id) => !known.has(id));
    const look: Parameters<SharedPeople['read']>[1] = (userId, footprint, moment) => {
      if (holds(userId, footprint, moment)) known.add(userId);
    };
    await this.asked(() => this.people.read(others, look), undefined);
    return known;
  }

  /** A question; without an answer this process alone is known. */
  private async asked<T>(question: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof RedisAwayError)) this.complain(error);
      return otherwise;
    }
  }

  private lost(error: unknown): void {
    this.isRegistered = false;
    if (!(error instanceof RedisAwayError)) this.complain(error);
  }

  /** Once: a server that refuses a script refuses every one. */
  private complain(error: unknown): void {
    if (!this.complained) this.logger.warn(`presence is known per node: Redis refused (${errorName(error)})`);
    this.complained = true;
  }

  /** As far as this process knows, and only its own sockets hear of it now. */
  private tellHere(change: PresenceChange): void {
    this.untold.set(change.userId, change);
    this.tell(change);
  }

  private tell(change: PresenceChange): void {
    this.early?.changes.set(change.userId, change);
    for (const listener of this.listeners) listener(change);
  }
}
