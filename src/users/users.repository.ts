import type { NotificationSettings } from '../contract/payloads';
import type { Role } from '../contract/roles';
import type { DirectoryEntry, LearnedPerson, Speaker, SyncedPerson } from './directory-entry';

/** What changes in an entry when its bearer's token says more than was known. */
export interface Lesson {
  readonly role?: Role;
  readonly displayName?: string;
}

export interface PresenceChange {
  readonly chosenStatus?: DirectoryEntry['chosenStatus'];
  readonly notificationSettings?: Partial<NotificationSettings>;
}

/** Port of the directory. */
export abstract class UsersRepository {
  abstract findMany(userIds: readonly string[]): Promise<DirectoryEntry[]>;
  /** The active administrators, at most 1,000. */
  abstract findAdminIds(): Promise<string[]>;
  /** Active people of one role whose name, from its first or its last word on, begins so. */
  abstract findByName(role: Role, prefix: string, limit: number): Promise<DirectoryEntry[]>;
  /** @returns false when the person is known already. */
  abstract create(person: LearnedPerson, at: Date): Promise<boolean>;
  /** @returns false when another source spoke since `known` was read. */
  abstract teach(known: DirectoryEntry, lesson: Lesson, at: Date): Promise<boolean>;
  /** A directory source speaks: its role stands until the next source. */
  abstract sync(people: readonly SyncedPerson[], speaker: Speaker, at: Date): Promise<void>;
  /** One answer of user-service; what any other source has said stands above it. */
  abstract keepLookup(person: SyncedPerson, at: Date): Promise<void>;
  /**
   * Takes everything away that tells who the person was; id and role stay. Nothing that a source says afterwards brings
   * it back. Again: the same.
   * @returns false for a person nobody told us of
   */
  abstract erase(userId: string, displayName: string, at: Date): Promise<boolean>;
  abstract setPresence(userId: string, change: PresenceChange, at: Date): Promise<void>;
  /** Only forwards. */
  abstract setLastSeen(seen: readonly { userId: string; at: Date }[]): Promise<void>;
  /** Only forwards. */
  abstract setActive(active: readonly { userId: string; at: Date }[]): Promise<void>;
  abstract countActiveSince(from: Date): Promise<number>;
}
