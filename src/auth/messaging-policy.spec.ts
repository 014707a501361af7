import { ALL_ROLES, type Role } from '../contract/roles';
import { canMessage, isStaff } from './messaging-policy';

/** Typed out by hand from the contract: a new role does not compile until it is decided. */
const EXPECTED: Record<Role, Record<Role, boolean>> = {
  student: { student: false, parent: true, teacher: true, admin: true },
  parent: { student: true, parent: false, teacher: true, admin: true },
  teacher: { student: true, parent: true, teacher: true, admin: true },
  admin: { student: true, parent: true, teacher: true, admin: true },
};
const ALL_PAIRS = ALL_ROLES.flatMap((from) => ALL_ROLES.map((to) => [from, to] as const));

describe('messaging policy', () => {
  it.each(ALL_PAIRS)('%s → %s', (from, to) => expect(canMessage(from, to)).toBe(EXPECTED[from][to]));

  it('counts teachers and admins as staff, nobody else', () => {
    expect(ALL_ROLES.filter(isStaff)).toEqual(['teacher', 'admin']);
  });
});
