import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { AuditLog } from '../audit/audit-log';
import type { Actor, Caller } from '../common/actor';
import { Clock } from '../common/clock';
import { DomainError } from '../common/errors/domain-error';
import { DomainEvents } from '../events/domain-events';
import type { DirectoryEntry, LearnedPerson, Speaker, SyncedPerson } from './directory-entry';
import { changesOf, isStale, lessonOf, type RoleChange, roleChangesOf, withoutReturn } from './directory-rules';
import { PersonLookup } from './person-lookup';
import { RightsJournal } from './rights-journal';
import { type PresenceChange, UsersRepository } from './users.repository';

/** Changes made through this process act at once; those made beside it within this long. */
const CACHE_MS = 5_000;
const CACHED_PEOPLE = 20_000;
/** People of one call who are asked for at the same time. */
const LOOKUPS_AT_ONCE = 10;
/** People of one call who are asked for at all: the others are unknown until somebody tells us of them. */
const LOOKUPS_PER_CALL = 20;
/** Who changed a role by a token or by introspection. */
const AUTH_SERVICE = 'auth-service';

/** The directory: who is who, and in which role (contract 1). */
@Injectable()
export class UsersService {
  private readonly cache = new LRUCache<string, DirectoryEntry>({ max: CACHED_PEOPLE, ttl: CACHE_MS });
  /** What a token last taught us, so that a busy client costs no write and no read per request. */
  private readonly learned = new LRUCache<string, string>({ max: CACHED_PEOPLE, ttl: CACHE_MS });

  constructor(
    private readonly repository: UsersRepository,
    private readonly journal: RightsJournal,
    private readonly lookup: PersonLookup,
    private readonly audit: AuditLog,
    private readonly events: DomainEvents,
    private readonly clock: Clock,
  ) {}

  /** Learns a person from a valid token. @returns the entry that policies use. */
  async learn(person: LearnedPerson): Promise<DirectoryEntry> {
    const { userId } = person;
    const text = `${person.role}\n${person.named ? person.displayName : ''}`;
    const cached = this.cache.get(userId);
    if (cached && this.learned.get(userId) === text) return cached;
    const entry = await this.teach(person);
    this.cache.set(userId, entry);
    this.learned.set(userId, text);
    this.events.emit('user.changed', entry);
    if (entry.isActive) this.events.emit('user.seen', { userId });
    return entry;
  }

  /** @returns the entries of those who are known, by user id. */
  async findMany(userIds: Iterable<string>): Promise<Map<string, DirectoryEntry>> {
    const found = new Map<string, DirectoryEntry>();
    const missing: string[] = [];
    for (const id of new Set(userIds)) {
      const cached = this.cache.get(id);
      if (cached) found.set(id, cached);
      else missing.push(id);
    }
    if (missing.length > 0) {
      for (const entry of await this.repository.findMany(missing)) {
        this.cache.set(entry.userId, entry);
        found.set(entry.userId, entry);
      }
    }
    return found;
  }

  /** Another process changed what the directory says of a person. */
  forget(userId: string): void {
    this.cache.delete(userId);
    this.learned.delete(userId);
  }

  /** The entries as the store holds them now: another process has changed them. */
  async reread(userIds: readonly string[]): Promise<DirectoryEntry[]> {
    for (const id of userIds) this.forget(id);
    return [...(await this.findMany(userIds)).values()];
  }

  /** As `findMany`; user-service is asked, as the actor, about those whom nobody told us of. */
  async resolve(userIds: Iterable<string>, actor: Caller): Promise<Map<string, DirectoryEntry>> {
    const ids = [...new Set(userIds)];
    const known = await this.findMany(ids);
    const now = this.clock.now();
    const asked = ids
      .filter((id) => {
        const entry = known.get(id);
        return !entry || isStale(entry, now);
      })
      .slice(0, LOOKUPS_PER_CALL);
    for (let start = 0; start < asked.length; start += LOOKUPS_AT_ONCE) {
      const batch = asked.slice(start, start + LOOKUPS_AT_ONCE);
      await Promise.all(batch.map((id) => this.lookUp(id, actor.bearer)));
    }
    return asked.length === 0 ? known : this.findMany(ids);
  }

  /**
   * Sockets outlive the moment of their handshake: the role and the name that count are the directory's of now.
   * @throws AUTH_FAILED for a person who became inactive
   */
  async refresh(actor: Actor): Promise<Actor> {
    const { userId } = actor;
    const entry = this.cache.get(userId) ?? (await this.findMany([userId])).get(userId);
    if (!entry?.isActive) throw new DomainError('AUTH_FAILED');
    const { role, username, displayName } = entry;
    const isSame = actor.role === role && actor.username === username && actor.displayName === displayName;
    return isSame ? actor : { ...actor, role, username, displayName };
  }

  /** @throws RECIPIENT_NOT_FOUND for a person nobody told us of: a role is never guessed. FORBIDDEN when inactive. */
  async requireRecipient(userId: string, actor: Caller): Promise<DirectoryEntry> {
    const cached = this.cache.get(userId);
    // The usual case on the send path does without lists.
    if (cached?.isActive && !isStale(cached, this.clock.now())) return cached;
    const [entry] = await this.requireRecipients([userId], actor);
    if (!entry) throw new DomainError('RECIPIENT_NOT_FOUND');
    return entry;
  }

  /** The people in the order of their ids. @throws RECIPIENT_NOT_FOUND, FORBIDDEN as for one */
  async requireRecipients(userIds: readonly string[], actor: Caller): Promise<DirectoryEntry[]> {
    const known = await this.resolve(userIds, actor);
    return userIds.map((id) => {
      const entry = known.get(id);
      if (!entry) throw new DomainError('RECIPIENT_NOT_FOUND');
      if (!entry.isActive) throw new DomainError('FORBIDDEN');
      return entry;
    });
  }

  /**
   * A directory source speaks. Roles and deactivations act at once; what is known already costs no write.
   * @param actorId who is named in the audit: an admin, a sibling service, or the operator of a command
   */
  async sync(said: readonly SyncedPerson[], actorId: string, speaker: Speaker = 'directory'): Promise<void> {
    const known = new Map((await this.repository.findMany(said.map(({ userId }) => userId))).map((e) => [e.userId, e]));
    const people = said.map((person) => withoutReturn(person, known.get(person.userId)));
    const changes = changesOf(people, known, speaker);
    const roles = roleChangesOf(changes, known);
    await this.recordRoles(roles, actorId);
    try {
      await this.repository.sync(changes, speaker, this.now());
    } finally {
      for (const { userId } of changes) this.forget(userId);
    }
    for (const change of roles) this.events.emit('user.role_changed', change);
    // Told again when it was known: another node may have missed it.
    for (const { userId, role, isActive } of people) {
      this.events.emit('user.changed', { userId, role, isActive: isActive ?? known.get(userId)?.isActive ?? true });
      if (isActive === false) this.events.emit('user.deactivated', { userId });
    }
    const inactive = people.filter(({ isActive }) => isActive === false);
    await this.noteRights([...roles, ...inactive]);
  }

  /**
   * Takes a person's name and everything else that tells who it was out of the directory, for good, and deactivates
   * them. Again: the same. The audit is the caller's.
   * @param displayName what is shown in the place of the name
   * @returns false for a person nobody told us of
   */
  async erase(userId: string, displayName: string): Promise<boolean> {
    if (!(await this.repository.erase(userId, displayName, this.now()))) return false;
    this.forget(userId);
    const entry = (await this.findMany([userId])).get(userId);
    if (entry) this.events.emit('user.changed', entry);
    this.events.emit('user.deactivated', { userId });
    await this.noteRights([{ userId }]);
    return true;
  }

  /** auth-service speaks of the bearer of a token. */
  introspected(person: SyncedPerson): Promise<void> {
    return this.sync([person], AUTH_SERVICE, 'introspection');
  }

  /** Active people of these roles by the beginning of their name; at most `limit` of each role. */
  async search(roles: readonly DirectoryEntry['role'][], prefix: string, limit: number): Promise<DirectoryEntry[]> {
    return (await Promise.all(roles.map((role) => this.repository.findByName(role, prefix, limit)))).flat();
  }

  /** Status and settings that a person chose. @returns the entry as it stands then. */
  async setPresence(userId: string, change: PresenceChange): Promise<DirectoryEntry | undefined> {
    await this.repository.setPresence(userId, change, this.now());
    this.cache.delete(userId);
    return (await this.findMany([userId])).get(userId);
  }

  /** When people were last connected; later times win. */
  async setLastSeen(seen: readonly { userId: string; at: Date }[]): Promise<void> {
    await this.repository.setLastSeen(seen);
    for (const { userId } of seen) this.cache.delete(userId);
  }

  /** People signed in or wrote; later times win. */
  setActive(active: readonly { userId: string; at: Date }[]): Promise<void> {
    return this.repository.setActive(active);
  }

  /** @returns how many people signed in or wrote from then on. */
  countActiveSince(from: Date): Promise<number> {
    return this.repository.countActiveSince(from);
  }

  private async teach(person: LearnedPerson): Promise<DirectoryEntry> {
    for (;;) {
      const [known] = await this.repository.findMany([person.userId]);
      if (!known) {
        await this.repository.create(person, this.now());
        continue;
      }
      const lesson = lessonOf(person, known);
      if (!lesson) return known;
      const roles = lesson.role === undefined ? [] : [{ userId: known.userId, from: known.role, to: lesson.role }];
      await this.recordRoles(roles, AUTH_SERVICE);
      // Another source spoke meanwhile when it was not taught: look again.
      if (!(await this.repository.teach(known, lesson, this.now()))) continue;
      for (const change of roles) this.events.emit('user.role_changed', change);
      await this.noteRights(roles);
    }
  }

  private async lookUp(userId: string, bearer: string | undefined): Promise<void> {
    const person = bearer === undefined ? undefined : await this.lookup.find(userId, bearer);
    if (!person) return;
    const [before] = await this.repository.findMany([userId]);
    if (before && before.roleSource !== 'lookup') return;
    const roles = before ? roleChangesOf([person], new Map([[userId, before]])) : [];
    await this.recordRoles(roles, 'user-service');
    await this.repository.keepLookup(person, this.now());
    this.forget(userId);
    for (const change of roles) this.events.emit('user.role_changed', change);
    this.events.emit('user.changed', { userId, role: person.role, isActive: person.isActive !== false });
    if (person.isActive === false) this.events.emit('user.deactivated', { userId });
    await this.noteRights(person.isActive === false ? [person] : roles);
  }

  /** Other processes look before they tell anybody of anything newer. */
  private async noteRights(people: readonly { readonly userId: string }[]): Promise<void> {
    const userIds = [...new Set(people.map(({ userId }) => userId))];
    if (userIds.length > 0) await this.journal.note(userIds);
  }

  private recordRoles(changes: readonly RoleChange[], actorId: string): Promise<void> {
    return this.audit.record(
      ...changes.map(({ userId, from, to }) => ({
        action: 'role.changed' as const,
        actorId,
        subjectId: userId,
        details: { from, to },
      })),
    );
  }

  private now(): Date {
    return new Date(this.clock.now());
  }
}
