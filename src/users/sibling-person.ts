import { roleOf } from '../common/role-of';
import { fullNameOf, textOf, userIdOf } from '../common/sibling-values';
import { isPlainObject } from '../common/validation/input-limits';
import type { SyncedPerson } from './directory-entry';

const EMAIL_MAX = 320;

const emailOf = (value: unknown): { email?: string } =>
  typeof value === 'string' && value.includes('@') && value.length <= EMAIL_MAX ? { email: value } : {};

const activeOf = (value: unknown): { isActive?: boolean } => (typeof value === 'boolean' ? { isActive: value } : {});

/**
 * One person as user-service and auth-service answer (contract 1): `user_id|id, username, role, display_name |
 * first_name + last_name, email, is_active`.
 * @returns undefined when it is anything else, or somebody other than who was asked for.
 */
export function siblingPerson(body: unknown, userId: string): SyncedPerson | undefined {
  if (!isPlainObject(body) || userIdOf(body['user_id'] ?? body['id']) !== userId) return undefined;
  const role = roleOf(body['role']);
  const username = textOf(body['username']);
  const activeIsOdd = body['is_active'] !== undefined && typeof body['is_active'] !== 'boolean';
  if (role === undefined || role === 'service' || username === undefined || activeIsOdd) return undefined;
  const displayName = textOf(body['display_name']) ?? fullNameOf(body['first_name'], body['last_name']) ?? username;
  return { userId, username, displayName, role, ...emailOf(body['email']), ...activeOf(body['is_active']) };
}

/**
 * One row of user-service's lists: `user_id, first_name, last_name, email, is_active`.
 * @returns undefined for a row that names nobody; people without an account have no `user_id`.
 */
export function listedPerson(row: unknown, role: SyncedPerson['role']): SyncedPerson | undefined {
  if (!isPlainObject(row)) return undefined;
  const userId = userIdOf(row['user_id']);
  if (userId === undefined) return undefined;
  const displayName = fullNameOf(row['first_name'], row['last_name']);
  return {
    userId,
    role,
    ...(displayName === undefined ? {} : { displayName }),
    ...emailOf(row['email']),
    ...activeOf(row['is_active']),
  };
}
