import type { Clock } from '../common/clock';
import type { ConnectionRegistry } from './connection-registry';
import { Departures } from './departures';
import { Presence, type PresenceChange } from './presence';
import { type Moment, onlineFor } from './presence-rules';

/** This process; its lease has no end, because who asks is alive. */
const HERE = 'here';
const LEASES: Moment['leases'] = new Map([[HERE, Infinity]]);

/** Presence as one process knows it by itself. */
export class LocalPresence extends Presence {
  private readonly departures: Departures;
  private readonly listeners: ((change: PresenceChange) => void)[] = [];

  constructor(
    private readonly registry: ConnectionRegistry,
    private readonly maxConnections: number,
    private readonly graceMs: number,
    private readonly clock: Clock,
  ) {
    super();
    this.departures = new Departures(graceMs, clock, (userId, at) => this.gone(userId, at));
    registry.onOpened((userId) => this.opened(userId));
    registry.onEnded((userId, _socketId, wasOpen) => wasOpen && this.closed(userId));
  }

  enter(userId: string, socketId: string): boolean {
    return this.registry.reserve(userId, socketId, this.maxConnections);
  }

  isOnline(userId: string): boolean {
    const devices = this.registry.liveSocketIds(userId).map((id) => ({ node: HERE, id, isOpen: true }));
    const moment = { now: this.clock.now(), leases: LEASES, graceMs: this.graceMs };
    return onlineFor({ devices, leftAt: this.departures.at(userId) }, moment) > 0;
  }

  onlineAmong(userIds: readonly string[]): Promise<ReadonlySet<string>> {
    return Promise.resolve(new Set(userIds.filter((id) => this.isOnline(id))));
  }

  connectedAmong(userIds: readonly string[]): Promise<ReadonlySet<string>> {
    return Promise.resolve(new Set(userIds.filter((id) => this.registry.isOnline(id))));
  }

  online(limit: number): Promise<string[]> {
    const people = [...this.registry.onlineUsers(), ...this.departures.people().keys()];
    return Promise.resolve(people.filter((id) => this.isOnline(id)).slice(0, limit));
  }

  connectionsOf(userId: string): Promise<string[]> {
    return Promise.resolve(this.registry.liveSocketIds(userId));
  }

  seenHere(): Map<string, number> {
    const now = this.clock.now();
    return new Map([...this.departures.people(), ...[...this.registry.onlineUsers()].map((id) => [id, now] as const)]);
  }

  onChange(listener: (change: PresenceChange) => void): void {
    this.listeners.push(listener);
  }

  private opened(userId: string): void {
    const returned = this.departures.cancel(userId) !== undefined;
    if (!returned && this.registry.liveSocketIds(userId).length === 1) this.tell({ userId, isOnline: true });
  }

  private closed(userId: string): void {
    if (!this.registry.isOnline(userId)) this.departures.begin(userId);
  }

  private gone(userId: string, leftAt: number): void {
    this.tell({ userId, isOnline: false, lastSeen: new Date(leftAt) });
  }

  private tell(change: PresenceChange): void {
    for (const listener of this.listeners) listener(change);
  }
}
