import { ConnectionRegistry } from './connection-registry';

describe('ConnectionRegistry', () => {
  let registry: ConnectionRegistry;
  beforeEach(() => {
    registry = new ConnectionRegistry();
  });

  it('refuses the place above the limit and frees it on release', () => {
    for (let i = 0; i < 5; i++) expect(registry.reserve('marie', `s${i}`, 5)).toBe(true);
    expect(registry.reserve('marie', 's5', 5)).toBe(false);
    expect(registry.reserve('paul', 's5', 5)).toBe(true);
    registry.release('s0');
    expect(registry.reserve('marie', 's6', 5)).toBe(true);
  });

  it('takes one place for a socket that reserves twice', () => {
    registry.reserve('marie', 's1', 2);
    expect(registry.reserve('marie', 's1', 2)).toBe(true);
    expect(registry.reserve('marie', 's2', 2)).toBe(true);
    expect(registry.reserve('marie', 's3', 2)).toBe(false);
  });

  it('never hands a socket to another user', () => {
    registry.reserve('marie', 's1', 2);
    expect(registry.reserve('paul', 's1', 2)).toBe(false);
    expect(registry.socketIds('paul')).toEqual([]);
  });

  it('is online from the bind to the last release', () => {
    registry.reserve('marie', 's1', 5);
    expect(registry.isOnline('marie')).toBe(false);
    registry.bind('s1');
    registry.reserve('marie', 's2', 5);
    registry.bind('s2');
    registry.release('s1');
    expect(registry.isOnline('marie')).toBe(true);
    registry.release('s2');
    registry.release('s2');
    expect(registry.isOnline('marie')).toBe(false);
  });

  it('is open once it is bound with a user, whichever came first, and says so once', () => {
    const heard: unknown[][] = [];
    registry.onOpened((...opened) => heard.push(['opened', ...opened]));
    registry.onEnded((...ended) => heard.push(['ended', ...ended]));
    registry.bind('late');
    registry.reserve('marie', 'late', 5);
    expect(heard).toEqual([]);
    registry.bind('late');
    registry.reserve('marie', 'never-open', 5);
    registry.giveBack('never-open');
    registry.release('late');
    registry.release('late');
    expect(heard).toEqual([
      ['opened', 'marie', 'late'],
      ['ended', 'marie', 'never-open', false],
      ['ended', 'marie', 'late', true],
    ]);
  });

  it('leaves a socket open whose place is given back', () => {
    registry.bind('s1');
    registry.reserve('marie', 's1', 5);
    registry.giveBack('s1');
    expect(registry.counts()).toEqual({ total_connections: 1, authenticated_connections: 0, users_online: 0 });
  });

  it('counts open sockets, with and without a user', () => {
    registry.bind('anonymous');
    registry.reserve('marie', 's1', 5);
    registry.bind('s1');
    registry.reserve('marie', 's2', 5);
    registry.bind('s2');
    registry.reserve('paul', 'in-handshake', 5);
    registry.bind('s2');
    expect(registry.counts()).toEqual({ total_connections: 3, authenticated_connections: 2, users_online: 1 });
  });
});
