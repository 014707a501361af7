import { Injectable } from '@nestjs/common';
import { Presence } from '../presence/presence';
import { AdminRoster } from '../users/admin-roster';
import type { DirectoryEntry } from '../users/directory-entry';
import { type Circle, CirclesRepository } from './circles.repository';

/** Above it people of a group do not hear of each other's coming and going (contract 4). */
const MAX_GROUP = 100;
/** Conversations that one question reads. */
const MAX_CIRCLES = 10_000;
/** People online who are looked at when an administrator comes or goes, and how many of them at a time. */
const MAX_ONLINE = 20_000;
const CHUNK = 1_000;

/** Who hears of a person's presence: those online who share a direct, a support or a small group conversation. */
@Injectable()
export class Companions {
  constructor(
    private readonly circles: CirclesRepository,
    private readonly presence: Presence,
    private readonly admins: AdminRoster,
  ) {}

  /**
   * One query for all of them, however many they are; with an administrator among them one more for each thousand
   * people online.
   * @returns for each of the people those who are to hear of them, themselves not among them
   */
  async of(people: readonly DirectoryEntry[]): Promise<Map<string, Set<string>>> {
    const sharing = new Map(people.map(({ userId }) => [userId, new Set<string>()]));
    const circles = await this.circles.findOf([...sharing.keys()], MAX_GROUP, MAX_CIRCLES);
    if (circles.some(({ audience }) => audience !== null)) await this.admins.refresh();
    for (const circle of circles) {
      const members = this.membersOf(circle);
      for (const id of circle.participants) addAll(sharing.get(id), members);
    }
    const administrators = people.filter(({ role, isActive }) => role === 'admin' && isActive);
    if (administrators.length > 0) {
      const inSupport = await this.inSupport();
      for (const { userId } of administrators) addAll(sharing.get(userId), inSupport);
    }
    return this.onlineOf(sharing);
  }

  private membersOf({ participants, audience }: Circle): readonly string[] {
    return audience === null ? participants : [...participants, ...this.admins.present()];
  }

  /** Everybody online in any support conversation, each of which is every administrator's, too. */
  private async inSupport(): Promise<string[]> {
    const online = await this.presence.online(MAX_ONLINE);
    const found: string[] = [];
    for (let start = 0; start < online.length; start += CHUNK) {
      found.push(...(await this.circles.findInSupport(online.slice(start, start + CHUNK))));
    }
    if (found.length === 0) return [];
    await this.admins.refresh();
    return [...found, ...this.admins.present()];
  }

  private async onlineOf(sharing: ReadonlyMap<string, Set<string>>): Promise<Map<string, Set<string>>> {
    const all = new Set([...sharing.values()].flatMap((ids) => [...ids]));
    const online = await this.presence.onlineAmong([...all]);
    return new Map(
      [...sharing].map(([userId, ids]) => [userId, new Set([...ids].filter((id) => id !== userId && online.has(id)))]),
    );
  }
}

function addAll(set: Set<string> | undefined, ids: readonly string[]): void {
  if (set) for (const id of ids) set.add(id);
}
