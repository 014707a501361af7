import type { SyncEvent, SyncResult } from '../../src/contract/payloads';
import { eventually } from '../support/eventually';
import { aParent, aTeacher, anAdmin, idOf } from '../support/people';
import { historyAs, Replica } from '../support/replica';
import { School } from '../support/school';
import { connectAs, nextEvent, type TestSocket } from '../support/socket-client';
import { startTestApp, type TestApp } from '../support/test-app';
import { MINUTE_MS, TestClock } from '../support/test-clock';
import type { TestPerson } from '../support/tokens';

const clock = new TestClock();

/** Contract 6.4: what a client heard live after its cursor is in no cursor. */
describe('sync of a conversation that the client knows from live events alone', () => {
  let service: TestApp;
  let school: School;
  const sockets: TestSocket[] = [];
  beforeAll(async () => {
    service = await startTestApp({}, clock);
    school = new School(service);
  }, 60_000);
  afterEach(() => sockets.splice(0).forEach((socket) => socket.close()));
  afterAll(() => service.stop());

  const sync = async (as: TestPerson, since?: string, limit = 200): Promise<SyncResult> => {
    const query = new URLSearchParams({ limit: String(limit), ...(since === undefined ? {} : { since }) });
    const answer = await service.call('GET', `/api/v1/messages/sync?${query.toString()}`, { as });
    expect(answer.status).toBe(200);
    return answer.body as unknown as SyncResult;
  };

  /** A client with a cursor of now that applies what it hears, until it goes away. */
  async function clientOf(person: TestPerson) {
    const replica = new Replica();
    replica.cursor = (await sync(person)).cursor;
    const socket = await connectAs(service.url, person);
    sockets.push(socket);
    const live = ['conversation_created', 'conversation_left', 'message_received'];
    socket.onAny((type: string, data: SyncEvent['data']) => {
      if (live.includes(type)) replica.apply({ type, data } as SyncEvent);
    });
    const hears = (id: string, seq: number): Promise<void> =>
      eventually('the message is heard', () => replica.messages.get(id)?.has(seq) === true);
    const comesBack = (limit?: number): Promise<void> => replica.catchUp((since) => sync(person, since, limit));
    return { replica, hears, comesBack, goesAway: () => void socket.disconnect() };
  }

  /** Where a parent who is connected hears of a new group and its first message, and then goes away. */
  async function aGroupHeardOf(history: 'all' | 'joined') {
    const [teacher, parent] = [aTeacher(), aParent()];
    await school.meet(teacher, parent);
    const client = await clientOf(parent);
    const id = await school.group([teacher, parent], { history });
    const { message_id } = (await school.send(teacher, id, 'un')).body;
    await client.hears(id, 1);
    client.goesAway();
    return { teacher, parent, client, id, message_id };
  }
  const leftEvent = (conversation_id: string, person: TestPerson) => ({
    type: 'conversation_left',
    data: { conversation_id, user_id: idOf(person) },
  });

  it('tells a person who was taken out of it that they left', async () => {
    const { teacher, parent, client, id } = await aGroupHeardOf('all');
    const before = client.replica.cursor;
    await school.remove(teacher, id, parent);
    await client.comesBack();
    expect(client.replica.conversations.has(id)).toBe(false);
    expect((await sync(parent, before)).events).toEqual([leftEvent(id, parent)]);
  });

  it('tells so a person who left by another device', async () => {
    const { parent, client, id } = await aGroupHeardOf('all');
    await school.remove(parent, id, parent);
    await client.comesBack();
    expect(client.replica.messages.has(id)).toBe(false);
  });

  it.each(['all', 'joined'] as const)('begins anew for who is in again, history: %s', async (history) => {
    const { teacher, parent, client, id, message_id } = await aGroupHeardOf(history);
    await school.remove(teacher, id, parent);
    await school.send(teacher, id, 'deux');
    await service.call('PATCH', `/api/v1/messages/${message_id}`, { as: teacher, body: { content: 'autre' } });
    await school.add(teacher, id, parent);
    await school.send(teacher, id, 'trois');
    await client.comesBack();
    expect(client.replica.conversations.has(id)).toBe(true);
    expect([...(client.replica.messages.get(id) ?? [])]).toEqual([[3, 'trois']]);
    if (history === 'joined') expect(client.replica.messages.get(id)).toEqual(await historyAs(service, parent, id));
  });

  it('tells all of it in pages of one, and the pages end', async () => {
    const [teacher, parent] = [aTeacher(), aParent()];
    await school.meet(teacher, parent);
    const client = await clientOf(parent);
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      const id = await school.group([teacher, parent], { history: 'joined' });
      await school.send(teacher, id, 'un');
      await client.hears(id, 1);
      ids.push(id);
    }
    client.goesAway();
    for (const id of ids) await school.remove(teacher, id, parent);
    const [gone = '', ...back] = ids;
    for (const id of back) {
      await school.add(teacher, id, parent);
      for (const text of ['deux', 'trois']) await school.send(teacher, id, text);
    }
    let pages = 0;
    await client.replica.catchUp((since) => {
      pages += 1;
      if (pages > 20) throw new Error('pages without an end');
      return sync(parent, since, 1);
    });
    expect(client.replica.conversations.has(gone)).toBe(false);
    for (const id of back) expect([...(client.replica.messages.get(id)?.keys() ?? [])]).toEqual([2, 3]);
  });

  it('tells it although the node of the removal has a clock that is 20 s behind', async () => {
    const { teacher, parent, client, id } = await aGroupHeardOf('all');
    clock.advance(-20_000);
    await school.remove(teacher, id, parent);
    clock.advance(20_000);
    await client.comesBack();
    expect(client.replica.conversations.has(id)).toBe(false);
  });

  it('says nothing of what ended long before the cursor', async () => {
    const [teacher, parent] = [aTeacher(), aParent()];
    const id = await school.group([teacher, parent]);
    await school.remove(teacher, id, parent);
    clock.advance(2 * MINUTE_MS);
    const { cursor } = await sync(parent);
    expect(await sync(parent, cursor)).toEqual({ events: [], cursor, has_more: false });
  });

  describe('with the parents who ask for help', () => {
    /** Where an administrator who is connected hears of it, and then goes away. */
    async function aSupportHeardOf() {
      const [parent, admin] = [aParent(), anAdmin()];
      await school.meet(parent, admin);
      const client = await clientOf(admin);
      const { cursor } = await sync(parent);
      const id = await school.support(parent);
      await school.send(parent, id, 'un');
      await client.hears(id, 1);
      client.goesAway();
      return { parent, admin, client, id, cursor };
    }

    it('tells who is an administrator no more that they left', async () => {
      const { admin, client, id } = await aSupportHeardOf();
      await school.sync(admin, { role: 'teacher' });
      await client.comesBack();
      expect(client.replica.conversations.has(id)).toBe(false);
    });

    it('tells so where a token says that the role is another one', async () => {
      const { admin, client, id } = await aSupportHeardOf();
      const teacher = { ...admin, role: 'teacher' };
      await client.replica.catchUp((since) => sync(teacher, since));
      expect(client.replica.conversations.has(id)).toBe(false);
    });

    it('begins anew for who is an administrator again', async () => {
      const { parent, admin, client, id } = await aSupportHeardOf();
      await school.sync(admin, { role: 'teacher' });
      await school.send(parent, id, 'deux');
      await school.sync(admin, { role: 'admin' });
      await school.send(parent, id, 'trois');
      const before = client.replica.cursor;
      await client.comesBack();
      expect([...(client.replica.messages.get(id)?.keys() ?? [])]).toContain(3);
      expect((await sync(admin, before)).events[0]).toEqual(leftEvent(id, admin));
    });

    it.each([
      ['admin', 'teacher'],
      ['teacher', 'admin'],
    ])('calls to sync whose role was %s and is %s, while connected', async (role, next) => {
      const person = { ...anAdmin(), role };
      await school.meet(person);
      const socket = await connectAs(service.url, person);
      sockets.push(socket);
      const called = nextEvent(socket, 'sync_required');
      await school.sync(person, { role: next });
      expect(await called).toEqual({ reason: 'missed_events' });
    });

    it('leaves the parents theirs, whatever role they had', async () => {
      const { parent, id, cursor } = await aSupportHeardOf();
      await school.sync(parent, { role: 'admin' });
      await school.sync(parent, { role: 'parent' });
      expect((await sync(parent, cursor)).events).not.toContainEqual(leftEvent(id, parent));
    });
  });
});
