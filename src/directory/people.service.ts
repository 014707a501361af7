import { Injectable } from '@nestjs/common';
import { canMessage } from '../auth/messaging-policy';
import type { Actor } from '../common/actor';
import { DomainError } from '../common/errors/domain-error';
import { codePoints } from '../common/validation/text';
import { fold } from '../common/fold';
import { isUserId } from '../common/validation/decorators';
import type { OwnStatusPayload, UserStatusPayload } from '../contract/payloads';
import { ALL_ROLES } from '../contract/roles';
import { Contacts } from '../conversations/contacts';
import { Presence } from '../presence/presence';
import { shownStatus } from '../presence/presence-rules';
import type { DirectoryEntry } from '../users/directory-entry';
import { UsersService } from '../users/users.service';
import { PresenceAnnouncer } from './presence-announcer';
import type { OnlineUsersDto, OwnPresenceDto, SearchPeopleDto } from './dto/people.dto';

/** Online people who are looked at for `scope=all`: the answer holds at most 500 of them. */
const LOOKED_AT = 5_000;

function presentStatus(entry: DirectoryEntry, online: boolean): UserStatusPayload {
  return {
    user_id: entry.userId,
    username: entry.username,
    display_name: entry.displayName,
    role: entry.role,
    avatar_url: entry.avatarUrl,
    online_status: shownStatus(online, entry.chosenStatus),
    last_seen: entry.lastSeen?.toISOString() ?? null,
  };
}

const byName = (a: DirectoryEntry, b: DirectoryEntry): number => {
  const [left, right] = [fold(a.displayName), fold(b.displayName)];
  return left < right ? -1 : left > right ? 1 : a.userId < b.userId ? -1 : 1;
};

/** People as others may see them: those whom one may write to or shares a conversation with. */
@Injectable()
export class PeopleService {
  constructor(
    private readonly users: UsersService,
    private readonly contacts: Contacts,
    private readonly presence: Presence,
    private readonly announcer: PresenceAnnouncer,
  ) {}

  /** People whom the actor may write to, by the beginning of their first or last name. @throws VALIDATION_FAILED */
  async search(caller: Actor, { q, role, limit }: SearchPeopleDto): Promise<UserStatusPayload[]> {
    const prefix = fold(q);
    if (codePoints(prefix) < 2) throw DomainError.invalid('q', 'must have at least 2 letters or digits');
    const actor = await this.users.refresh(caller);
    const roles = ALL_ROLES.filter((other) => canMessage(actor.role, other) && (role === undefined || role === other));
    const found = await this.users.search(roles, prefix, limit + 1); // the actor may be among them
    return this.present(
      found
        .filter(({ userId }) => userId !== actor.userId)
        .sort(byName)
        .slice(0, limit),
    );
  }

  /** @throws RECIPIENT_NOT_FOUND, the same for a stranger and for somebody whom the actor may not write to */
  async get(caller: Actor, userId: string): Promise<UserStatusPayload> {
    const actor = await this.users.refresh(caller);
    const entry = await this.find(actor, userId);
    if (!entry || !this.mayWrite(actor, entry)) throw new DomainError('RECIPIENT_NOT_FOUND');
    return this.presentOne(entry);
  }

  /** @throws RECIPIENT_NOT_FOUND, the same for a stranger and for somebody who is none of the actor's business */
  async status(caller: Actor, userId: string): Promise<UserStatusPayload> {
    const actor = await this.users.refresh(caller);
    const entry = await this.find(actor, userId);
    const known = entry && (this.mayWrite(actor, entry) || (await this.contacts.share(actor.userId, userId)));
    if (!known) throw new DomainError('RECIPIENT_NOT_FOUND');
    return this.presentOne(entry);
  }

  async ownStatus({ userId }: Actor): Promise<OwnStatusPayload> {
    return this.presentOwn((await this.users.findMany([userId])).get(userId));
  }

  /** Changes what is given, and nothing else. */
  async changeOwn({ userId }: Actor, dto: OwnPresenceDto): Promise<OwnStatusPayload> {
    const settings = Object.entries(dto.notification_settings ?? {}).filter(([, value]) => value !== undefined);
    const before = (await this.users.findMany([userId])).get(userId);
    const entry = await this.users.setPresence(userId, {
      ...(dto.online_status === undefined ? {} : { chosenStatus: dto.online_status }),
      notificationSettings: Object.fromEntries(settings),
    });
    if (before && entry && before.chosenStatus !== entry.chosenStatus)
      this.announcer.chose(userId, before.chosenStatus);
    return this.presentOwn(entry);
  }

  /** Those online who share a conversation with the actor or, with `all`, whom the actor may write to besides. */
  async online(caller: Actor, { limit, scope }: OnlineUsersDto): Promise<UserStatusPayload[]> {
    const actor = await this.users.refresh(caller);
    const contacts = await this.contacts.of(actor.userId);
    const candidates = new Set(await this.presence.onlineAmong([...contacts]));
    if (scope === 'all') for (const id of await this.presence.online(LOOKED_AT)) candidates.add(id);
    const entries = await this.users.findMany(candidates);
    const shown = [...entries.values()].filter(
      (entry) => entry.userId !== actor.userId && (contacts.has(entry.userId) || this.mayWrite(actor, entry)),
    );
    return shown.slice(0, limit).map((entry) => presentStatus(entry, true));
  }

  private async find(actor: Actor, userId: string): Promise<DirectoryEntry | undefined> {
    return isUserId(userId) ? (await this.users.resolve([userId], actor)).get(userId) : undefined;
  }

  private mayWrite(actor: Actor, entry: DirectoryEntry): boolean {
    return entry.userId === actor.userId || (entry.isActive && canMessage(actor.role, entry.role));
  }

  private async present(entries: readonly DirectoryEntry[]): Promise<UserStatusPayload[]> {
    const online = await this.presence.onlineAmong(entries.map(({ userId }) => userId));
    return entries.map((entry) => presentStatus(entry, online.has(entry.userId)));
  }

  private async presentOne(entry: DirectoryEntry): Promise<UserStatusPayload> {
    const online = await this.presence.onlineAmong([entry.userId]);
    return presentStatus(entry, online.has(entry.userId));
  }

  private async presentOwn(entry: DirectoryEntry | undefined): Promise<OwnStatusPayload> {
    if (!entry) throw new DomainError('AUTH_FAILED');
    return {
      ...(await this.presentOne(entry)),
      active_connections: await this.presence.connectionsOf(entry.userId),
      notification_settings: entry.notificationSettings,
    };
  }
}
