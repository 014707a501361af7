import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { errorName } from '../common/error-name';
import type { ChosenStatus, OnlineStatus } from '../contract/payloads';
import { Companions } from '../conversations/companions';
import type { PresenceAnnouncement } from '../events/domain-event-map';
import { DomainEvents } from '../events/domain-events';
import { NodeBus } from '../node-bus/node-bus';
import { Presence, type PresenceChange } from '../presence/presence';
import { shownStatus } from '../presence/presence-rules';
import type { DirectoryEntry } from '../users/directory-entry';
import { UsersService } from '../users/users.service';

/** What changes in this time is told together, and what changes back in it not at all. */
const GATHER_MS = 200;
/** People of one telling: what it may cost at a time, however many come at once. */
const BATCH = 100;
const RETRY_MS = 5_000;
/** Times that one write carries at the stop. */
const LAST_SEEN_BATCH = 1_000;

/** What the others know of a person until they are told. */
interface Untold {
  /** Unset: only the choice changed. */
  wasOnline?: boolean;
  /** Unset: the choice stands. */
  chosen?: ChosenStatus;
  lastSeen?: Date;
}

/** @returns what happened as the others see it; undefined when nothing did. */
export function changeOf(
  { wasOnline, chosen }: Untold,
  isOnline: boolean,
  chosenNow: ChosenStatus,
): PresenceAnnouncement['change'] | undefined {
  if (wasOnline !== undefined && wasOnline !== isOnline) return isOnline ? 'online' : 'offline';
  return isOnline && chosen !== undefined && chosen !== chosenNow ? 'status' : undefined;
}

/** Tells people who comes, goes and is busy, in batches: a thousand who return together cost a few queries. */
@Injectable()
export class PresenceAnnouncer implements OnModuleInit, OnModuleDestroy, BeforeApplicationShutdown {
  private readonly logger = new Logger(PresenceAnnouncer.name);
  private readonly untold = new Map<string, Untold>();
  private timer: NodeJS.Timeout | undefined;
  private telling: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly presence: Presence,
    private readonly companions: Companions,
    private readonly users: UsersService,
    private readonly events: DomainEvents,
    private readonly bus: NodeBus,
  ) {}

  onModuleInit(): void {
    this.presence.onChange((change) => this.changed(change));
    // What another node noticed, for the sockets here.
    this.bus.on('presence.changed', (announcement) => {
      // Who asks after the event must not be answered as before it.
      if (announcement.change !== 'online') this.users.forget(announcement.person.user_id);
      this.events.emit('presence.changed', announcement);
    });
  }

  /** What is gathered is told while others can still be told. */
  async onModuleDestroy(): Promise<void> {
    clearTimeout(this.timer);
    await this.telling;
    while (this.untold.size > 0) {
      const known = this.untold.size;
      await this.tellNext();
      if (this.untold.size >= known) break;
    }
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Whose connections end with the process was last seen now, and nobody else will write it. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.telling;
    const gone = [...this.untold].flatMap(([userId, { lastSeen }]) => (lastSeen ? [{ userId, at: lastSeen }] : []));
    const here = [...this.presence.seenHere()].map(([userId, at]) => ({ userId, at: new Date(at) }));
    const seen = [...gone, ...here];
    try {
      for (let start = 0; start < seen.length; start += LAST_SEEN_BATCH) {
        await this.users.setLastSeen(seen.slice(start, start + LAST_SEEN_BATCH));
      }
    } catch (error) {
      this.logger.warn(`the times of ${seen.length} departures were not written (${errorName(error)})`);
    }
  }

  /** A person chose how to be shown. @param before what they had chosen until then */
  chose(userId: string, before: ChosenStatus): void {
    const known = this.untold.get(userId);
    this.note(userId, { ...known, chosen: known?.chosen ?? before });
  }

  private changed({ userId, isOnline, lastSeen }: PresenceChange): void {
    const known = this.untold.get(userId);
    this.note(userId, { ...known, wasOnline: known?.wasOnline ?? !isOnline, ...(lastSeen && { lastSeen }) });
  }

  private note(userId: string, untold: Untold): void {
    this.untold.set(userId, untold);
    this.wait(GATHER_MS);
  }

  private wait(ms: number): void {
    if (this.stopped) return;
    this.timer ??= setTimeout(() => {
      this.telling = this.tellNext();
    }, ms).unref();
  }

  /** One batch, then the next: however many wait, only one is worked on. */
  private async tellNext(): Promise<void> {
    const batch = new Map([...this.untold].slice(0, BATCH));
    for (const userId of batch.keys()) this.untold.delete(userId);
    let wait = GATHER_MS;
    try {
      await this.tell(batch);
    } catch (error) {
      this.logger.warn(`the presence of ${batch.size} people was not told (${errorName(error)}): trying again`);
      // What was known first stands, what happened since is added.
      for (const [userId, untold] of batch) this.untold.set(userId, { ...this.untold.get(userId), ...untold });
      wait = RETRY_MS;
    }
    this.timer = undefined;
    if (this.untold.size > 0) this.wait(wait);
  }

  private async tell(batch: ReadonlyMap<string, Untold>): Promise<void> {
    const gone = [...batch].flatMap(([userId, { lastSeen }]) => (lastSeen ? [{ userId, at: lastSeen }] : []));
    // First, so that the event says what everybody finds afterwards.
    if (gone.length > 0) await this.users.setLastSeen(gone);
    const ids = [...batch.keys()];
    const [people, online] = await Promise.all([this.users.findMany(ids), this.presence.onlineAmong(ids)]);
    const changes = [...people.values()].flatMap((entry) => {
      const change = changeOf(batch.get(entry.userId) ?? {}, online.has(entry.userId), entry.chosenStatus);
      return change ? [{ change, entry }] : [];
    });
    if (changes.length === 0) return;
    const companions = await this.companions.of(changes.map(({ entry }) => entry));
    for (const { change, entry } of changes) {
      const recipientIds = [...(companions.get(entry.userId) ?? [])];
      // A choice made on one device is seen on the others.
      if (change === 'status') recipientIds.push(entry.userId);
      if (recipientIds.length === 0) continue;
      const status = shownStatus(change !== 'offline', entry.chosenStatus);
      const announcement = { change, person: presentPerson(entry, status), recipientIds };
      this.events.emit('presence.changed', announcement);
      this.bus.publish('presence.changed', announcement);
    }
  }
}

const presentPerson = (entry: DirectoryEntry, status: OnlineStatus): PresenceAnnouncement['person'] => ({
  user_id: entry.userId,
  username: entry.username,
  display_name: entry.displayName,
  online_status: status,
  last_seen: entry.lastSeen?.toISOString() ?? null,
});
