import type { DirectoryEntry, LearnedPerson, SyncedPerson } from './directory-entry';

/** Port of the directory. */
export abstract class UsersRepository {
  abstract findMany(userIds: readonly string[]): Promise<DirectoryEntry[]>;
  /** Creates the entry, fills names, changes a role that no directory source has set. @returns what stands then. */
  abstract learn(person: LearnedPerson): Promise<DirectoryEntry>;
  /** The active administrators, at most 1,000. */
  abstract findAdminIds(): Promise<string[]>;
  /** A directory source speaks: its role stands until the next source. */
  abstract sync(people: readonly SyncedPerson[]): Promise<void>;
}
