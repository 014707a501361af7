import type { Role } from '../contract/roles';

/**
 * Who may address whom. Source: contract 1, "Who may write to whom". A role absent from a row may not be written to.
 */
export const MESSAGING_MATRIX: Readonly<Record<Role, readonly Role[]>> = {
  student: ['parent', 'teacher', 'admin'],
  parent: ['student', 'teacher', 'admin'],
  teacher: ['student', 'parent', 'teacher', 'admin'],
  admin: ['student', 'parent', 'teacher', 'admin'],
};

/** @returns whether a sender with role `from` may address a recipient with role `to`. Directional; pure. */
export const canMessage = (from: Role, to: Role): boolean => MESSAGING_MATRIX[from].includes(to);

/** @returns whether the role may make groups and post where `posting` is `staff` (contract 1). */
export const isStaff = (role: Role): boolean => role === 'teacher' || role === 'admin';
