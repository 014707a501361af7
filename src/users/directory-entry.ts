import type { NotificationSettings, OnlineStatus } from '../contract/payloads';
import type { Role } from '../contract/roles';

/**
 * Who said which role a person has. `directory` (PUT /users, the lists, an import, introspection) stands above the
 * others; `lookup` is one answer of user-service about one person (contract 1).
 */
export type RoleSource = 'token' | 'lookup' | 'directory';
/** `default`: the username repeated, until a token or a source names the person. */
export type NameSource = 'default' | 'token' | 'directory';
/** Who may take a deactivation back: auth-service only its own. */
export type Speaker = 'directory' | 'introspection';

/** What the directory knows of a person (contract 1, Directory). */
export interface DirectoryEntry {
  readonly userId: string;
  readonly username: string;
  readonly displayName: string;
  readonly role: Role;
  readonly roleSource: RoleSource;
  readonly nameSource: NameSource;
  readonly isActive: boolean;
  readonly inactiveBy: Speaker | null;
  /** For good: whatever a source says of the person later, neither name nor activity come back. */
  readonly isErased: boolean;
  /** Never shown to anybody. */
  readonly email: string | null;
  readonly avatarUrl: string | null;
  /** Since when the role is `admin`; what came before in support conversations counts as read. */
  readonly adminSince?: Date;
  /** When the role last ceased to be `admin`. */
  readonly adminUntil?: Date;
  /** When user-service last spoke of the person; only with the source `lookup`. */
  readonly lookedUpAt: Date | null;
  /** What the person wants to be shown as while connected. */
  readonly chosenStatus: Exclude<OnlineStatus, 'offline'>;
  readonly lastSeen: Date | null;
  readonly notificationSettings: NotificationSettings;
}

/** What a token tells the directory. */
export interface LearnedPerson {
  readonly userId: string;
  readonly username: string;
  readonly displayName: string;
  readonly named: boolean;
  readonly role: Role;
}

/** What a directory source (sync, import, introspection, a lookup) tells it. Fields left out stay as they are. */
export interface SyncedPerson {
  readonly userId: string;
  readonly username?: string;
  readonly displayName?: string;
  readonly role: Role;
  readonly email?: string;
  readonly avatarUrl?: string;
  readonly isActive?: boolean | undefined;
  readonly children?: readonly string[];
  readonly parents?: readonly string[];
}
