import { DomainError } from '../common/errors/domain-error';
import { isUserId } from '../common/validation/decorators';
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

const ROLES_IN_TOKENS: Readonly<Record<string, CallerRole>> = {
  student: 'student',
  etudiant: 'student',
  parent: 'parent',
  teacher: 'teacher',
  enseignant: 'teacher',
  admin: 'admin',
  service: 'service',
};

const refuse = (): never => {
  throw new DomainError('AUTH_FAILED');
};

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value : undefined;

function userIdOf(claim: unknown): string {
  const id = typeof claim === 'number' && Number.isSafeInteger(claim) && claim >= 0 ? String(claim) : claim;
  return isUserId(id) ? id : refuse();
}

/** @returns our role for a token's role: case and accents are ignored, French names are known; undefined otherwise. */
export function roleOf(claim: unknown): CallerRole | undefined {
  if (typeof claim !== 'string') return undefined;
  const plain = claim.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  return Object.hasOwn(ROLES_IN_TOKENS, plain) ? ROLES_IN_TOKENS[plain] : undefined;
}

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
  const userId = userIdOf(claims['user_id'] ?? claims['sub']);
  const username = text(claims['username']) ?? text(claims['sub']) ?? userId;
  const fullName = [text(claims['first_name']), text(claims['last_name'])].filter(Boolean).join(' ');
  const name = text(claims['display_name']) ?? text(claims['name']) ?? text(fullName);
  return {
    userId,
    username: username.slice(0, 200),
    displayName: (name ?? username).slice(0, 200),
    named: name !== undefined,
    role,
    expiresAt: claims['exp'] * 1000,
  };
}
