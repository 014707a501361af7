import { ClientAddress } from './client-address';

describe('ClientAddress', () => {
  it('ignores the header of a peer that is not trusted', () => {
    expect(new ClientAddress([]).of('::ffff:203.0.113.9', '198.51.100.1')).toBe('203.0.113.9');
  });

  it('walks over trusted proxies only, from the right', () => {
    const address = new ClientAddress(['10.0.0.0/8', 'loopback']);
    expect(address.of('127.0.0.1', '198.51.100.66, 203.0.113.9, 10.1.2.3')).toBe('203.0.113.9');
    expect(address.of('10.0.0.1', undefined)).toBe('10.0.0.1');
    expect(address.of('10.0.0.1', 'nonsense')).toBe('10.0.0.1');
  });

  it('knows IPv6', () => {
    expect(new ClientAddress(['fc00::/7']).of('fd00::1', '2001:db8::7')).toBe('2001:db8::7');
  });
});
