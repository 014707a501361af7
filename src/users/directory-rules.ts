import type { Role } from '../contract/roles';
import type { DirectoryEntry, LearnedPerson, Speaker, SyncedPerson } from './directory-entry';
import type { Lesson } from './users.repository';

/** An answer of user-service is asked for again after this long. */
const LOOKUP_MS = 5 * 60_000;

export interface RoleChange {
  readonly userId: string;
  readonly from: Role;
  readonly to: Role;
}

/** @returns whether all that is known of the person is an old answer of user-service. */
export const isStale = (entry: DirectoryEntry, now: number): boolean =>
  entry.roleSource === 'lookup' && now - (entry.lookedUpAt?.getTime() ?? 0) >= LOOKUP_MS;

/** What a token adds: a name where no directory source gave one, a role where none has set it (contract 1). */
export function lessonOf(person: LearnedPerson, known: DirectoryEntry): Lesson | undefined {
  const newRole = known.roleSource !== 'directory' && known.role !== person.role;
  const newName = person.named && known.nameSource !== 'directory' && known.displayName !== person.displayName;
  if (!newRole && !newName) return undefined;
  return { ...(newRole && { role: person.role }), ...(newName && { displayName: person.displayName }) };
}

/** Introspection takes back only what introspection said: a deactivation by the school stands until the school ends it. */
function withoutRevival(person: SyncedPerson, known: DirectoryEntry | undefined, speaker: Speaker): SyncedPerson {
  const revived = known?.isActive === false && person.isActive === true;
  if (!revived || speaker === 'directory' || known.inactiveBy === speaker) return person;
  return { ...person, isActive: undefined };
}

function differs(person: SyncedPerson, known: DirectoryEntry | undefined, speaker: Speaker): boolean {
  if (!known || known.roleSource !== 'directory' || person.children || person.parents) return true;
  // The school takes over a deactivation that auth-service made.
  if (person.isActive === false && known.inactiveBy !== speaker && speaker === 'directory') return true;
  const said = [
    [person.role, known.role],
    [person.username, known.username],
    [person.displayName, known.displayName],
    [person.displayName && 'directory', known.nameSource],
    [person.email, known.email],
    [person.avatarUrl, known.avatarUrl],
    [person.isActive, known.isActive],
  ] as const;
  return said.some(([value, before]) => value !== undefined && value !== before);
}

/** Who was erased stays so, whatever a source says. */
export const withoutReturn = (person: SyncedPerson, known: DirectoryEntry | undefined): SyncedPerson =>
  known?.isErased ? { userId: person.userId, role: known.role, isActive: false } : person;

/** @returns what has to be written: the last word on each person, without what is known already. */
export function changesOf(
  people: readonly SyncedPerson[],
  known: ReadonlyMap<string, DirectoryEntry>,
  speaker: Speaker,
): SyncedPerson[] {
  const last = new Map(people.map((person) => [person.userId, person]));
  return [...last.values()]
    .map((person) => withoutRevival(person, known.get(person.userId), speaker))
    .filter((person) => differs(person, known.get(person.userId), speaker));
}

export const roleChangesOf = (
  people: readonly SyncedPerson[],
  known: ReadonlyMap<string, DirectoryEntry>,
): RoleChange[] =>
  people.flatMap(({ userId, role: to }) => {
    const from = known.get(userId)?.role;
    return from === undefined || from === to ? [] : [{ userId, from, to }];
  });
