import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import type { PresencePayload, UserStatusPayload } from '../../src/contract/payloads';
import { DomainEvents } from '../../src/events/domain-events';
import { ConnectionRegistry } from '../../src/presence/connection-registry';
import { eventually } from '../support/eventually';
import { aParent, aStudent, aTeacher, anAdmin, idOf } from '../support/people';
import { PlainClient } from '../support/plain-client';
import { School } from '../support/school';
import { ask, connectAs, rawSocket, type TestSocket } from '../support/socket-client';
import { startTestApp, type TestApp } from '../support/test-app';
import { tokenFor, type TestPerson } from '../support/tokens';

const GRACE_MS = 1_000;
const EVENTS = ['user_online', 'user_offline', 'user_status_change'] as const;
type Heard = PresencePayload & { event: (typeof EVENTS)[number] };

/** Collects what a socket hears of presence. */
function listen(socket: TestSocket): Heard[] {
  const heard: Heard[] = [];
  for (const event of EVENTS) socket.on(event, (payload) => heard.push({ event, ...payload }));
  return heard;
}
const inShort = (heard: readonly Heard[]): string[] =>
  heard.map(({ event, user_id, online_status }) => `${event} ${user_id} ${online_status}`);

describe('presence, as others hear of it', () => {
  let service: TestApp;
  let school: School;
  const sockets: { close(): unknown }[] = [];
  beforeAll(async () => {
    service = await startTestApp({}, undefined, { graceMs: GRACE_MS });
    school = new School(service);
  }, 60_000);
  afterEach(() => sockets.splice(0).forEach((socket) => socket.close()));
  afterAll(() => service.stop());

  const connect = async (person: TestPerson): Promise<TestSocket> => {
    const socket = await connectAs(service.url, person);
    sockets.push(socket);
    return socket;
  };
  const status = async (as: TestPerson, of: TestPerson): Promise<UserStatusPayload> => {
    const { text } = await service.call('GET', `/api/v1/presence/${idOf(of)}`, { as });
    return JSON.parse(text) as UserStatusPayload;
  };
  const until = (what: string, heard: readonly Heard[], count: number): Promise<void> =>
    eventually(what, () => heard.length >= count);
  /** Everything that was to be told is told once somebody else's coming, which comes after it, is. */
  const settled = async (watcher: TestPerson, heard: Heard[]): Promise<void> => {
    const marker = aTeacher();
    await school.group([marker, watcher]);
    await connect(marker);
    await eventually('the marker is heard', () => heard.some(({ user_id }) => user_id === idOf(marker)));
    heard.splice(
      heard.findIndex(({ user_id }) => user_id === idOf(marker)),
      1,
    );
  };

  describe.each(['Socket.IO', 'plain WebSocket'])('on %s', (door) => {
    const enter = async (person: TestPerson): Promise<{ heard: Heard[]; close: () => void }> => {
      if (door === 'Socket.IO') {
        const socket = await connect(person);
        return { heard: listen(socket), close: () => socket.close() };
      }
      const client = await PlainClient.as(service.url, person);
      sockets.push(client);
      const heard: Heard[] = [];
      client.socket.on('message', (data: Buffer) => {
        const { type, ...payload } = JSON.parse(data.toString()) as PresencePayload & { type: Heard['event'] };
        if (EVENTS.includes(type)) heard.push({ event: type, ...payload });
      });
      return { heard, close: () => client.close() };
    };

    it('those who share a conversation hear who comes, chooses and goes; nobody else does', async () => {
      const [parent, teacher, stranger] = [aParent(), aTeacher(), aTeacher()];
      await school.group([teacher, parent]);
      await school.meet(stranger);
      const watcher = await enter(teacher);
      const outsider = await enter(stranger);
      const socket = await enter(parent);
      await until('coming', watcher.heard, 1);
      expect(watcher.heard[0]).toEqual({
        event: 'user_online',
        user_id: idOf(parent),
        username: idOf(parent),
        display_name: parent.name,
        online_status: 'online',
        last_seen: null,
      });
      await service.call('PUT', '/api/v1/presence/me', { as: parent, body: { online_status: 'busy' } });
      await until('the choice', watcher.heard, 2);
      const before = Date.now();
      socket.close();
      await until('going', watcher.heard, 3);
      expect(inShort(watcher.heard)).toEqual([
        `user_online ${idOf(parent)} online`,
        `user_status_change ${idOf(parent)} busy`,
        `user_offline ${idOf(parent)} offline`,
      ]);
      const { last_seen } = await status(teacher, parent);
      expect(watcher.heard[2]?.last_seen).toBe(last_seen);
      expect(Date.parse(last_seen ?? '')).toBeGreaterThanOrEqual(before);
      expect(outsider.heard).toEqual([]);
    });
  });

  it('is the same person on all devices: the first brings them, the last takes them away', async () => {
    const [parent, teacher] = [aParent(), aTeacher()];
    await school.group([teacher, parent]);
    const heard = listen(await connect(teacher));
    const first = await connect(parent);
    await until('coming', heard, 1);
    const second = await PlainClient.as(service.url, parent);
    first.close();
    await settled(teacher, heard);
    expect(inShort(heard)).toEqual([`user_online ${idOf(parent)} online`]);
    second.close();
    await until('going', heard, 2);
    expect(heard[1]?.event).toBe('user_offline');
  });

  it('was never away who returns in time; until then REST says online and knows no new last_seen', async () => {
    const [parent, teacher] = [aParent(), aTeacher()];
    const group = await school.group([teacher, parent]);
    await school.send(teacher, group);
    const heard = listen(await connect(teacher));
    const socket = await connect(parent);
    await until('coming', heard, 1);
    const registry = service.app.get(ConnectionRegistry, { strict: false });
    socket.close();
    await eventually('the socket is closed', () => !registry.isOnline(idOf(parent)));
    expect(await status(teacher, parent)).toMatchObject({ online_status: 'online', last_seen: null });
    const online = await service.call('GET', '/api/v1/messages/online-users', { as: teacher });
    expect((JSON.parse(online.text) as UserStatusPayload[]).map(({ user_id }) => user_id)).toContain(idOf(parent));
    const { body } = await school.get(teacher, group);
    expect(body.participant_details?.find(({ user_id }) => user_id === idOf(parent))?.online_status).toBe('online');
    await connect(parent);
    await new Promise((resolve) => setTimeout(resolve, GRACE_MS)); // the time to return is over
    await settled(teacher, heard);
    expect(heard).toHaveLength(1);
  });

  it('tells a choice to the other devices of the person, and nobody of a choice while offline', async () => {
    const [parent, teacher] = [aParent(), aTeacher()];
    await school.group([teacher, parent]);
    const heard = listen(await connect(teacher));
    const choose = (online_status: string) =>
      service.call('PUT', '/api/v1/presence/me', { as: parent, body: { online_status } });
    await choose('busy');
    await settled(teacher, heard);
    expect(heard).toEqual([]);
    const [one, two] = [await connect(parent), await connect(parent)];
    await until('coming, busy', heard, 1);
    expect(inShort(heard)).toEqual([`user_online ${idOf(parent)} busy`]);
    const own = listen(two);
    expect(await ask(one, 'user_status_change', { online_status: 'away' })).toMatchObject({ ok: true });
    await until('the choice', own, 1);
    expect(inShort(own)).toEqual([`user_status_change ${idOf(parent)} away`]);
    await choose('away');
    await settled(teacher, heard);
    expect(heard).toHaveLength(2);
  });

  it('reaches people of groups of up to 100, and of none above', async () => {
    const [creator, parent] = [aTeacher(), aParent()];
    const others = Array.from({ length: 98 }, aStudent);
    const group = await school.group([creator, parent, ...others]);
    const heard = listen(await connect(creator));
    const socket = await connect(parent);
    await until('coming to a group of 100', heard, 1);
    const [more] = [aStudent()];
    await school.meet(more);
    expect((await school.add(creator, group, more)).status).toBe(200);
    socket.close();
    const registry = service.app.get(ConnectionRegistry, { strict: false });
    await eventually('the socket is closed', () => !registry.isOnline(idOf(parent)));
    await eventually('gone', async () => (await status(creator, parent)).online_status === 'offline');
    await settled(creator, heard);
    expect(inShort(heard)).toEqual([`user_online ${idOf(parent)} online`]);
  });

  it('is for administrators and whoever opened a support conversation, both ways', async () => {
    const [parent, admin, other] = [aParent(), anAdmin(), aParent()];
    await school.meet(parent, admin, other);
    await school.support(parent);
    const heard = listen(await connect(admin));
    const opener = await connect(parent);
    const [byOpener, byOther] = [listen(opener), listen(await connect(other))];
    await until('the opener', heard, 1);
    expect(inShort(heard)).toEqual([`user_online ${idOf(parent)} online`]);
    const second = anAdmin();
    await school.meet(second);
    await connect(second);
    await eventually('an administrator, to the opener', () => byOpener.some(({ user_id }) => user_id === idOf(second)));
    await until('an administrator, to the other one', heard, 2);
    expect(inShort(byOpener)).toContain(`user_online ${idOf(second)} online`);
    expect(byOther).toEqual([]);
  });

  it('holds five places over both doors, open or not', async () => {
    const parent = aParent();
    for (let i = 0; i < 2; i++) await connect(parent);
    for (let i = 0; i < 3; i++) sockets.push(await PlainClient.as(service.url, parent));
    const anonymous = rawSocket(service.url);
    sockets.push(anonymous);
    await new Promise<void>((resolve) => anonymous.once('connect', () => resolve()));
    const answer = await ask(anonymous, 'authentication', { token: tokenFor(parent) });
    expect(answer).toMatchObject({ ok: false, error: { error_code: 'TOO_MANY_CONNECTIONS' } });
    expect(anonymous.connected).toBe(true);
    const { body } = await service.call('GET', '/api/v1/presence/me', { as: parent });
    expect(body['active_connections']).toHaveLength(5);
  });
});

describe('two thousand people who come at once', () => {
  const PEOPLE = 2_000;
  const LARGE = 500;
  const SMALL = 25;
  const IN_SMALL = 500;
  let service: TestApp;
  beforeAll(async () => {
    service = await startTestApp({}, undefined, { graceMs: GRACE_MS });
  }, 60_000);
  afterAll(() => service.stop());

  it('cost a few queries, and events only where groups are small', async () => {
    const people = Array.from({ length: PEOPLE }, (_, i) => ({
      user_id: `p${i}`,
      username: `p${i}`,
      display_name: `P ${i}`,
      role: i % SMALL === 0 ? 'teacher' : 'parent',
    }));
    const as = { user_id: 'user-service', role: 'service' };
    for (let start = 0; start < PEOPLE; start += 1_000) {
      const body = { users: people.slice(start, start + 1_000) };
      expect((await service.call('PUT', '/api/v1/users', { as, body })).status).toBe(200);
    }
    const group = async (from: number, size: number): Promise<void> => {
      const [creator, ...others] = people.slice(from, from + size);
      const body = { conversation_type: 'group', title: 'G', participant_ids: others.map(({ user_id }) => user_id) };
      const made = await service.call('POST', '/api/v1/messages/conversations', { as: creator ?? as, body });
      expect(made.status).toBe(201);
    };
    for (let from = 0; from < PEOPLE; from += LARGE) await group(from, LARGE);
    for (let from = PEOPLE - IN_SMALL; from < PEOPLE; from += SMALL) await group(from, SMALL);

    const told: string[] = [];
    let largest = 0;
    service.app.get(DomainEvents, { strict: false }).on('presence.changed', ({ change, person, recipientIds }) => {
      told.push(`${change} ${person.user_id}`);
      largest = Math.max(largest, recipientIds.length);
    });
    let queries: string[] = [];
    const store = service.app.get<Connection>(getConnectionToken(), { strict: false });
    store.set('debug', (collection: string, method: string) => queries.push(`${collection}.${method}`));
    const count = (query: string): number => queries.filter((one) => one === query).length;
    const registry = service.app.get(ConnectionRegistry, { strict: false });

    for (const { user_id } of people) registry.reserve(user_id, `s-${user_id}`, 5);
    for (const { user_id } of people) registry.bind(`s-${user_id}`);
    await eventually('everybody is told of', () => told.length === IN_SMALL);
    expect(new Set(told).size).toBe(IN_SMALL);
    expect(largest).toBe(SMALL - 1);
    // A hundred people a time.
    expect(count('conversations.find')).toBe(PEOPLE / 100);
    expect(count('user_status.find')).toBeLessThanOrEqual((2 * PEOPLE) / 100);

    told.length = 0;
    for (const { user_id } of people) registry.release(`s-${user_id}`);
    for (const { user_id } of people) registry.reserve(user_id, `again-${user_id}`, 5);
    for (const { user_id } of people) registry.bind(`again-${user_id}`);
    queries = [];
    await new Promise((resolve) => setTimeout(resolve, GRACE_MS)); // the time to return is over
    expect(told).toEqual([]);
    expect(count('conversations.find')).toBe(0);
    expect(count('user_status.bulkWrite')).toBe(0);

    queries = [];
    // The teachers stay: else there is nobody to tell.
    const leaving = people.filter(({ role }) => role === 'parent');
    for (const { user_id } of leaving) registry.release(`again-${user_id}`);
    await eventually('everybody is told of', () => told.length === IN_SMALL - IN_SMALL / SMALL);
    expect(told.every((one) => one.startsWith('offline'))).toBe(true);
    expect(largest).toBe(SMALL - 1);
    for (const query of ['conversations.find', 'user_status.find', 'user_status.bulkWrite']) {
      expect(count(query)).toBeLessThanOrEqual((2 * PEOPLE) / 100);
    }
    store.set('debug', false);
  }, 120_000);
});
