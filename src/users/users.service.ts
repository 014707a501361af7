import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Actor } from '../common/actor';
import { DomainError } from '../common/errors/domain-error';
import { DomainEvents } from '../events/domain-events';
import type { DirectoryEntry, LearnedPerson, SyncedPerson } from './directory-entry';
import { UsersRepository } from './users.repository';

/** Changes made through this process act at once; those made beside it (an import) within this long. */
const CACHE_MS = 5_000;
const CACHED_PEOPLE = 20_000;

/** The directory: who is who, and in which role (contract 1). */
@Injectable()
export class UsersService {
  private readonly cache = new LRUCache<string, DirectoryEntry>({ max: CACHED_PEOPLE, ttl: CACHE_MS });
  /** What a token last taught us, so that a busy client costs no write and no read per request. */
  private readonly learned = new LRUCache<string, string>({ max: CACHED_PEOPLE, ttl: CACHE_MS });

  constructor(
    private readonly repository: UsersRepository,
    private readonly events: DomainEvents,
  ) {}

  /** Learns a person from a valid token. @returns the entry that policies use. */
  async learn(person: LearnedPerson): Promise<DirectoryEntry> {
    const lesson = `${person.role}\n${person.named ? person.displayName : ''}`;
    const cached = this.cache.get(person.userId);
    if (cached && this.learned.get(person.userId) === lesson) return cached;
    const entry = await this.repository.learn(person);
    this.cache.set(person.userId, entry);
    this.learned.set(person.userId, lesson);
    this.events.emit('user.changed', entry);
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

  /**
   * Sockets outlive the moment of their handshake: the role and the name that count are the directory's of now.
   * @throws AUTH_FAILED for a person who became inactive
   */
  async refresh(actor: Actor): Promise<Actor> {
    const entry = (await this.findMany([actor.userId])).get(actor.userId);
    if (!entry?.isActive) throw new DomainError('AUTH_FAILED');
    return { ...actor, role: entry.role, username: entry.username, displayName: entry.displayName };
  }

  /** @throws RECIPIENT_NOT_FOUND for a person nobody told us of: a role is never guessed. FORBIDDEN when inactive. */
  async requireRecipient(userId: string): Promise<DirectoryEntry> {
    const entry = (await this.findMany([userId])).get(userId);
    if (!entry) throw new DomainError('RECIPIENT_NOT_FOUND');
    if (!entry.isActive) throw new DomainError('FORBIDDEN');
    return entry;
  }

  /** As `requireRecipient`, for all of them or none. */
  async requireRecipients(userIds: readonly string[]): Promise<DirectoryEntry[]> {
    const known = await this.findMany(userIds);
    return userIds.map((id) => {
      const entry = known.get(id);
      if (!entry) throw new DomainError('RECIPIENT_NOT_FOUND');
      if (!entry.isActive) throw new DomainError('FORBIDDEN');
      return entry;
    });
  }

  /** A directory source speaks. Those who became inactive lose their sockets at once. */
  async sync(people: readonly SyncedPerson[]): Promise<void> {
    await this.repository.sync(people);
    for (const { userId, role, isActive } of people) {
      this.cache.delete(userId);
      this.learned.delete(userId);
      this.events.emit('user.changed', { userId, role, isActive: isActive !== false });
      if (isActive === false) this.events.emit('user.deactivated', { userId });
    }
  }
}
