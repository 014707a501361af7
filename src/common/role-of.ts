import type { CallerRole } from '../contract/roles';

const KNOWN_ROLES: Readonly<Record<string, CallerRole>> = {
  student: 'student',
  etudiant: 'student',
  parent: 'parent',
  teacher: 'teacher',
  enseignant: 'teacher',
  admin: 'admin',
  service: 'service',
};

/** @returns our role for a sibling's: case and accents are ignored, French names are known; undefined otherwise. */
export function roleOf(claim: unknown): CallerRole | undefined {
  if (typeof claim !== 'string') return undefined;
  const plain = claim.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  return Object.hasOwn(KNOWN_ROLES, plain) ? KNOWN_ROLES[plain] : undefined;
}
