import type { Role } from '../contract/roles';

/** What the directory knows of a person (contract 1, Directory). */
export interface DirectoryEntry {
  readonly userId: string;
  readonly username: string;
  readonly displayName: string;
  readonly role: Role;
  readonly isActive: boolean;
  readonly avatarUrl: string | null;
  /** Since when the role is `admin`; what came before in support conversations counts as read. */
  readonly adminSince?: Date;
}

/** What a token tells the directory. */
export interface LearnedPerson {
  readonly userId: string;
  readonly username: string;
  readonly displayName: string;
  readonly named: boolean;
  readonly role: Role;
}

/** What a directory source (sync, import) tells it. Fields left out stay as they are. */
export interface SyncedPerson {
  readonly userId: string;
  readonly username: string;
  readonly displayName: string;
  readonly role: Role;
  readonly email?: string;
  readonly avatarUrl?: string;
  readonly isActive?: boolean;
  readonly children?: readonly string[];
  readonly parents?: readonly string[];
}
