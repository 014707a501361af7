import { roleOf } from '../common/role-of';
import { identityFromClaims } from './claims';

const valid = { sub: 'marie.martin', user_id: 42, role: 'parent', type: 'access', exp: 1764000000 };

describe('token claims', () => {
  it('reads the token of auth-service: an integer user_id becomes a string, the name is the username', () => {
    expect(identityFromClaims(valid)).toEqual({
      userId: '42',
      username: 'marie.martin',
      displayName: 'marie.martin',
      named: false,
      role: 'parent',
      expiresAt: 1764000000000,
    });
  });

  it('takes sub when user_id is absent', () => {
    expect(identityFromClaims({ ...valid, user_id: undefined }).userId).toBe('marie.martin');
  });

  it.each([
    [{ display_name: 'Marie M.', name: 'x' }, 'Marie M.'],
    [{ name: 'Marie Martin' }, 'Marie Martin'],
    [{ first_name: 'Marie', last_name: 'Martin' }, 'Marie Martin'],
    [{ username: 'mm' }, 'mm'],
    [{ display_name: ' \u200b', name: 'Marie Martin' }, 'Marie Martin'],
    [{ display_name: 7, first_name: 'Marie' }, 'Marie'],
  ])('names the person from %j', (claims, expected) => {
    expect(identityFromClaims({ ...valid, ...claims }).displayName).toBe(expected);
  });

  it.each([
    ['etudiant', 'student'],
    ['Étudiant', 'student'],
    ['ENSEIGNANT', 'teacher'],
    ['admin', 'admin'],
    ['service', 'service'],
    ['principal', undefined],
    ['__proto__', undefined],
    [3, undefined],
  ])('maps the role %j to %j', (claim, role) => expect(roleOf(claim)).toBe(role));

  it.each([
    ['no exp', { ...valid, exp: undefined }],
    ['exp as text', { ...valid, exp: '1764000000' }],
    ['a refresh token', { ...valid, type: 'refresh' }],
    ['an unknown role', { ...valid, role: 'root' }],
    ['a role that is no text', { ...valid, role: ['admin'] }],
    ['an object as user_id', { ...valid, user_id: { $ne: null } }],
    ['a negative user_id', { ...valid, user_id: -1 }],
    ['a fractional user_id', { ...valid, user_id: 1.5 }],
    ['an unsafe integer', { ...valid, user_id: 2 ** 53 }],
    ['an empty user_id', { ...valid, user_id: '' }],
    ['a control character', { ...valid, user_id: 'a\nb' }],
    ['129 characters', { ...valid, user_id: 'x'.repeat(129) }],
    ['an array', [valid]],
    ['a string', 'marie'],
    ['null', null],
  ])('refuses %s', (_name, payload) => {
    expect(() => identityFromClaims(payload)).toThrow('AUTH_FAILED');
  });
});
