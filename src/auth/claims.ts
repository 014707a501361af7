import { DomainError } from '../common/errors/domain-error';
import { roleOf } from '../common/role-of';
import { fullNameOf, textOf, userIdOf } from '../common/sibling-values';
import type { CallerRole } from '../contract/roles';

/** What a valid token says of its bearer (contract 1); the directory has the last word on the role. */
export interface TokenIdentity {
  readonly userId: string;
  readonly username: string;
  readonly displayName: string;
  /** Whether the token names the person, or the display name merely repeats the username. */
  readonly named: boolean;
  readonly role: CallerRole;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

const refuse = (): never => {
  throw new DomainError('AUTH_FAILED');
};

/**
 * The claims table of contract 1, applied to a payload whose signature and expiry were verified.
 * @throws AUTH_FAILED for anything the table does not allow, a missing `exp` among it.
 */
export function identityFromClaims(payload: unknown): TokenIdentity {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return refuse();
  const claims = payload as Record<string, unknown>;
  if (typeof claims['exp'] !== 'number' || !Number.isFinite(claims['exp'])) return refuse();
  if (claims['type'] !== undefined && claims['type'] !== 'access') return refuse();
  const role = roleOf(claims['role']) ?? refuse();
  const userId = userIdOf(claims['user_id'] ?? claims['sub']) ?? refuse();
  const username = textOf(claims['username']) ?? textOf(claims['sub']) ?? userId;
  const name =
    textOf(claims['display_name']) ?? textOf(claims['name']) ?? fullNameOf(claims['first_name'], claims['last_name']);
  return {
    userId,
    username,
    displayName: name ?? username,
    named: name !== undefined,
    role,
    expiresAt: claims['exp'] * 1000,
  };
}
