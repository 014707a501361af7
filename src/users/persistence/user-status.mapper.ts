import { fold } from '../../common/fold';
import { DEFAULT_NOTIFICATION_SETTINGS } from '../../contract/payloads';
import type { DirectoryEntry, SyncedPerson } from '../directory-entry';
import type { UserStatusDocument } from './user-status.schema';

export const toEntry = (document: UserStatusDocument): DirectoryEntry => ({
  userId: document._id,
  username: document.username,
  displayName: document.display_name,
  role: document.role,
  roleSource: document.role_source,
  nameSource: document.name_source,
  isActive: document.is_active,
  inactiveBy: document.inactive_by ?? null,
  isErased: document.erased_at !== undefined,
  email: document.email ?? null,
  avatarUrl: document.avatar_url ?? null,
  ...(document.admin_since === undefined ? {} : { adminSince: document.admin_since }),
  ...(document.admin_until === undefined ? {} : { adminUntil: document.admin_until }),
  lookedUpAt: document.looked_up_at ?? null,
  chosenStatus: document.chosen_status ?? 'online',
  lastSeen: document.last_seen ?? null,
  notificationSettings: { ...DEFAULT_NOTIFICATION_SETTINGS, ...document.notification_settings },
});

type NameFields = Pick<UserStatusDocument, 'display_name' | 'search_key' | 'search_key_last'>;

/** A display name with what it is found by. */
export function nameFields(displayName: string): NameFields {
  const search_key = fold(displayName);
  const words = search_key.split(' ');
  const search_key_last = [words.pop() ?? '', ...words].join(' ');
  return { display_name: displayName, search_key, search_key_last };
}

/** The fields that a directory source sets; those it leaves out stay. */
export function syncedFields(person: SyncedPerson): Partial<UserStatusDocument> {
  const { username, displayName, email, avatarUrl, isActive, children, parents } = person;
  return {
    role: person.role,
    ...(username === undefined ? {} : { username }),
    ...(displayName === undefined ? {} : { ...nameFields(displayName), name_source: 'directory' as const }),
    ...(email === undefined ? {} : { email }),
    ...(avatarUrl === undefined ? {} : { avatar_url: avatarUrl }),
    ...(isActive === undefined ? {} : { is_active: isActive }),
    ...(children === undefined ? {} : { children: [...children] }),
    ...(parents === undefined ? {} : { parents: [...parents] }),
  };
}

/** What a new entry holds besides what its source says. */
export function missingFields(person: SyncedPerson, at: Date): Partial<UserStatusDocument> {
  const username = person.username ?? person.userId;
  return {
    ...(person.username === undefined ? { username } : {}),
    ...(person.displayName === undefined ? { ...nameFields(username), name_source: 'default' as const } : {}),
    ...(person.isActive === undefined ? { is_active: true } : {}),
    ...(person.role === 'admin' ? { admin_since: at } : {}),
  };
}
