import { handshakeToken } from './handshake-token';

const parts = (over: object): Parameters<typeof handshakeToken>[0] => ({ auth: {}, query: {}, headers: {}, ...over });

describe('handshakeToken', () => {
  it.each([
    ['auth', { auth: { token: 'a' }, query: { token: 'q' } }, 'a'],
    ['header', { headers: { authorization: 'Bearer h' }, query: { token: 'q' } }, 'h'],
    ['query', { query: { token: 'q' } }, 'q'],
    ['null in auth', { auth: { token: null } }, undefined],
    ['no auth at all', { auth: undefined }, undefined],
    ['an inherited token', { auth: Object.create({ token: 'x' }) as object }, undefined],
  ])('%s', (_name, over, expected) => {
    expect(handshakeToken(parts(over))).toBe(expected);
  });

  it.each([[''], [42], [['a', 'b']], [{}], ['x'.repeat(8193)]])('refuses what is no token', (token) => {
    expect(() => handshakeToken(parts({ auth: { token } }))).toThrow('AUTH_FAILED');
  });

  it('refuses a repeated query token', () => {
    expect(() => handshakeToken(parts({ query: { token: ['a', 'b'] } }))).toThrow('AUTH_FAILED');
  });
});
