import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { MembershipsRepository } from '../../src/conversations/memberships.repository';
import { eventually } from '../support/eventually';
import { Gate } from '../support/gate';
import { hearing, type Heard } from '../support/heard';
import { aParent, aStudent, aTeacher, idOf } from '../support/people';
import { School } from '../support/school';
import { connectAs, nextEvent, type TestSocket } from '../support/socket-client';
import { startTestApp, type TestApp } from '../support/test-app';
import { MINUTE_MS, TestClock } from '../support/test-clock';
import type { TestPerson } from '../support/tokens';

/** Longer than a removal takes that waits for nothing. */
const REMOVAL_MS = 500;

describe('a person’s own view of conversations', () => {
  let service: TestApp;
  let school: School;
  const clock = new TestClock();
  beforeAll(async () => {
    service = await startTestApp({}, clock);
    school = new School(service);
  }, 60_000);
  afterAll(() => service.stop());

  const readAll = (as: TestPerson, id: string) =>
    service.call('POST', `/api/v1/messages/conversations/${id}/read`, { as });

  describe('what the person’s devices hear', () => {
    const held: { gate: Gate; spy: jest.SpyInstance }[] = [];
    const sockets: TestSocket[] = [];
    afterEach(() => {
      for (const { gate, spy } of held.splice(0)) {
        gate.open();
        spy.mockRestore();
      }
      sockets.splice(0).forEach((socket) => socket.close());
    });

    const enter = async (person: TestPerson): Promise<Heard[]> => {
      const socket = await connectAs(service.url, person);
      sockets.push(socket);
      return hearing(socket);
    };

    /** Views that are under way wait, with what they have read. */
    const holdViews = (): Gate => {
      const gate = new Gate();
      const memberships = service.app.get(MembershipsRepository, { strict: false });
      const findIn = memberships.findIn.bind(memberships);
      const spy = jest.spyOn(memberships, 'findIn').mockImplementation(async (...of) => {
        const found = await findIn(...of);
        await gate.pass();
        return found;
      });
      held.push({ gate, spy });
      return gate;
    };

    const isHeard = (heard: Heard[], name: string): boolean => heard.some(({ event }) => event === name);

    it.each([
      [
        'their own view',
        (_teacher: TestPerson, parent: TestPerson, id: string) => school.put(parent, id, 'archive', { archived: true }),
      ],
      [
        'the conversation',
        (teacher: TestPerson, _parent: TestPerson, id: string) => school.patch(teacher, id, { title: '6e B' }),
      ],
    ])('a change of %s that a message overtakes is told with that message', async (_what, change) => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await school.group([teacher, parent]);
      const heard = await enter(parent);
      const gate = holdViews();
      const changing = change(teacher, parent, id);
      await eventually('the view is under way', () => gate.reached > 0);
      await school.send(teacher, id);
      await eventually('the message is told', () => isHeard(heard, 'message_received'));
      gate.open();
      await changing;
      await eventually('the change is told', () => isHeard(heard, 'conversation_updated'));
      const { is_archived, unread_count } = (await school.get(parent, id)).body;
      expect([is_archived, unread_count]).toEqual([false, 1]);
      expect(heard.at(-1)).toMatchObject({
        event: 'conversation_updated',
        data: { last_seq: 1, is_archived, unread_count },
      });
    });

    it('a change of their own view does not bring back somebody who is taken out meanwhile', async () => {
      const [teacher, parent, pupil] = [aTeacher(), aParent(), aStudent()];
      const id = await school.group([teacher, parent, pupil]);
      const heard = await enter(parent);
      const gate = holdViews();
      const archiving = school.put(parent, id, 'archive', { archived: true });
      await eventually('the view is under way', () => gate.reached > 0);
      const removing = school.remove(teacher, id, pupil);
      // The removal may wait for the view; it must not come before it.
      await Promise.race([removing, delay(REMOVAL_MS)]);
      gate.open();
      await Promise.all([archiving, removing]);
      await eventually('both are told', () =>
        ['conversation_updated', 'conversation_left'].every((name) => isHeard(heard, name)),
      );
      expect(heard.map(({ event, data }) => [event, data.participants?.length ?? data.user_id])).toEqual([
        ['conversation_updated', 3],
        ['conversation_left', idOf(pupil)],
      ]);
    });
  });

  describe('archive', () => {
    it('puts a conversation away for the caller only, until a new message comes', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await school.group([teacher, parent]);
      await school.send(teacher, id);
      const archived = await school.put(parent, id, 'archive', { archived: true });
      expect([archived.status, archived.body.is_archived]).toEqual([200, true]);
      expect(await school.listed(parent, id)).toBeUndefined();
      expect((await school.list(parent)).body.total_count).toBe(0);
      expect(await school.listed(parent, id, '?archived=true')).toMatchObject({ is_archived: true });
      expect(await school.listed(parent, id, '?archived=all')).toMatchObject({ is_archived: true });
      expect(await school.listed(teacher, id)).toMatchObject({ is_archived: false });
      await school.send(teacher, id);
      expect(await school.listed(parent, id)).toMatchObject({ is_archived: false, unread_count: 2 });
      expect((await school.list(parent, '?archived=true')).body).toMatchObject({ conversations: [], total_count: 0 });
    });

    it('holds against new messages while the conversation is muted', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await school.group([teacher, parent]);
      await school.put(parent, id, 'mute', { muted: true });
      await school.put(parent, id, 'archive', { archived: true });
      await school.send(teacher, id);
      expect(await school.listed(parent, id)).toBeUndefined();
      expect(await school.listed(parent, id, '?archived=true')).toMatchObject({ is_muted: true, unread_count: 1 });
      await school.put(parent, id, 'archive', { archived: false });
      expect(await school.listed(parent, id)).toMatchObject({ is_archived: false, is_muted: true });
    });
  });

  describe('archive and mute', () => {
    /** Whether the conversation is put away, as the lists and the conversation itself say, which have to agree. */
    const isPutAway = async (as: TestPerson, id: string): Promise<boolean | undefined> => {
      const { is_archived } = (await school.get(as, id)).body;
      for (const filter of ['', 'unread=true&']) {
        expect((await school.listed(as, id, `?${filter}archived=true`)) !== undefined).toBe(is_archived);
        expect((await school.listed(as, id, `?${filter}archived=false`)) !== undefined).toBe(!is_archived);
      }
      return is_archived;
    };

    /** @returns a conversation that the parent has put away, with a message that they have not read */
    const putAway = async (teacher: TestPerson, parent: TestPerson): Promise<string> => {
      const id = await school.group([teacher, parent]);
      await school.send(teacher, id);
      await school.put(parent, id, 'archive', { archived: true });
      return id;
    };

    it('a conversation that a message brought back is not put away again by a mute', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await putAway(teacher, parent);
      await school.send(teacher, id);
      const muted = await school.put(parent, id, 'mute', { muted: true });
      expect(muted.body).toMatchObject({ is_muted: true, is_archived: false });
      await school.send(teacher, id);
      expect(await isPutAway(parent, id)).toBe(false);
    });

    it('what came during a mute does not bring the conversation back when the mute is ended; what comes next does', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await putAway(teacher, parent);
      await school.put(parent, id, 'mute', { muted: true });
      await school.send(teacher, id);
      const ended = await school.put(parent, id, 'mute', { muted: false });
      expect(ended.body).toMatchObject({ is_muted: false, is_archived: true });
      expect(await isPutAway(parent, id)).toBe(true);
      await school.send(teacher, id);
      expect(await isPutAway(parent, id)).toBe(false);
    });

    it('nor when its time is over; what comes after that does', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await putAway(teacher, parent);
      const until = new Date(clock.now() + MINUTE_MS).toISOString();
      await school.put(parent, id, 'mute', { muted: true, until });
      await school.send(teacher, id);
      expect(await isPutAway(parent, id)).toBe(true);
      clock.advance(2 * MINUTE_MS);
      expect((await school.get(parent, id)).body).toMatchObject({ is_muted: false });
      expect(await isPutAway(parent, id)).toBe(true);
      await school.send(teacher, id);
      expect(await isPutAway(parent, id)).toBe(false);
    });

    it('a mute that is given another end keeps what it has held back', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await putAway(teacher, parent);
      for (const minutes of [10, 1]) {
        const until = new Date(clock.now() + minutes * MINUTE_MS).toISOString();
        await school.put(parent, id, 'mute', { muted: true, until });
        await school.send(teacher, id);
      }
      clock.advance(2 * MINUTE_MS);
      expect(await isPutAway(parent, id)).toBe(true);
    });
  });

  describe('mute', () => {
    it('has no end, or the one that was given, and is told to the person’s other devices', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await school.group([teacher, parent]);
      const socket = await connectAs(service.url, parent);
      const other = await connectAs(service.url, teacher);
      let heard = 0;
      other.onAny((event: string) => (heard += event.startsWith('conversation') ? 1 : 0));
      const told = nextEvent(socket, 'conversation_updated');
      const until = new Date(Date.now() + 3_600_000);
      const muted = await school.put(parent, id, 'mute', {
        muted: true,
        until: until.toISOString().replace('Z', '+00:00'),
      });
      expect(muted.body).toMatchObject({ is_muted: true, muted_until: until.toISOString() });
      expect(await told).toMatchObject({ conversation_id: id, is_muted: true });
      const forever = await school.put(parent, id, 'mute', { muted: true, until: null });
      expect(forever.body).toMatchObject({ is_muted: true, muted_until: null });
      expect((await school.get(teacher, id)).body).toMatchObject({ is_muted: false });
      const ended = await school.put(parent, id, 'mute', { muted: false });
      expect(ended.body).toMatchObject({ is_muted: false, muted_until: null });
      expect(heard).toBe(0);
      for (const one of [socket, other]) one.close();
    });

    it.each([
      [{ muted: true, until: '2020-01-01T00:00:00Z' }],
      [{ muted: true, until: '2099-01-01' }],
      [{ muted: true, until: '2099-13-01T00:00:00Z' }],
      [{ muted: true, until: '2099-01-01T00:00:00' }],
      [{ muted: true, until: '2099-02-30T00:00:00Z' }],
      [{ muted: false, until: '2099-01-01T00:00:00Z' }],
    ])('refuses %j', async (body) => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await school.group([teacher, parent]);
      const answer = await school.put(parent, id, 'mute', body);
      expect([answer.status, answer.body.errors]).toMatchObject([400, [{ field: 'until' }]]);
    });
  });

  describe('read all', () => {
    it('reads to the last message and says so to the others', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await school.group([teacher, parent]);
      for (const text of ['1', '2', '3']) await school.send(teacher, id, text);
      const socket = await connectAs(service.url, teacher);
      const told = nextEvent(socket, 'message_read');
      const read = await readAll(parent, id);
      expect([read.status, read.body]).toMatchObject([200, { success: true, conversation_id: id, unread_count: 0 }]);
      expect(await told).toMatchObject({ seq: 3, read_by: idOf(parent), message_id: read.body.message_id });
      expect(await school.listed(parent, id)).toMatchObject({ unread_count: 0 });
      expect((await readAll(parent, id)).body.read_at).toBe(read.body.read_at);
      socket.close();
    });

    it('has nothing to name without messages, or with none since one came', async () => {
      const [teacher, parent, late] = [aTeacher(), aParent(), aParent()];
      const id = await school.group([teacher, parent], { history: 'joined' });
      const nothing = { success: true, message_id: null, conversation_id: id, read_at: null, unread_count: 0 };
      expect((await readAll(parent, id)).body).toEqual(nothing);
      await school.meet(late);
      await school.send(teacher, id);
      await school.add(teacher, id, late);
      expect((await readAll(late, id)).body).toEqual(nothing);
    });

    it('hides what is not one’s own', async () => {
      const id = await school.group([aTeacher(), aTeacher()]);
      expect((await readAll(aParent(), id)).body.error_code).toBe('CONVERSATION_NOT_FOUND');
      expect((await readAll(aParent(), randomUUID())).body.error_code).toBe('CONVERSATION_NOT_FOUND');
    });
  });

  describe('the list', () => {
    it('is filtered by what is unread, together with what is archived', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const ids: string[] = [];
      for (let i = 0; i < 4; i += 1) {
        const id = await school.group([teacher, parent]);
        await school.send(teacher, id);
        ids.push(id);
      }
      const [a, b, c, d] = ids as [string, string, string, string];
      await readAll(parent, a);
      await school.put(parent, b, 'archive', { archived: true });
      const shown = async (query: string): Promise<unknown> => {
        const { body } = await school.list(parent, query);
        return [body.conversations?.map(({ conversation_id }) => conversation_id), body.total_count];
      };
      expect(await shown('')).toEqual([[d, c, a], 3]);
      expect(await shown('?unread=true')).toEqual([[d, c], 2]);
      expect(await shown('?unread=true&archived=all')).toEqual([[d, c, b], 3]);
      expect(await shown('?unread=true&archived=true')).toEqual([[b], 1]);
      expect(await shown('?unread=false&archived=true')).toEqual([[b], 1]);
      expect(await shown('?unread=true&limit=1&page=2')).toEqual([[c], 2]);
      expect(await shown('?limit=2&page=2')).toEqual([[a], 3]);
      expect(await shown('?archived=all&limit=3&page=2')).toEqual([[a], 4]);
    });

    it.each(['archived=yes', 'archived=', 'unread=1', 'unread=true&unread=true', 'limit=51', 'page=0'])(
      'refuses ?%s',
      async (query) => {
        const answer = await school.list(aParent(), `?${query}`);
        expect([answer.status, answer.body.errors]).toMatchObject([400, [{ field: query.split('=')[0] }]]);
      },
    );
  });
});
