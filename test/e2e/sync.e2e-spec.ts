import fc from 'fast-check';
import type { ConversationPayload, MessagePayload, SyncResult } from '../../src/contract/payloads';
import { ConversationsRepository } from '../../src/conversations/conversations.repository';
import { SummarySettler } from '../../src/conversations/summary-settler';
import { MessagesRepository } from '../../src/message-store/messages.repository';
import { aParent, aStudent, aTeacher, idOf } from '../support/people';
import { Replica } from '../support/replica';
import { ask, connectAs, nextEvent } from '../support/socket-client';
import { startTestApp, type TestApp } from '../support/test-app';
import { MINUTE_MS, TestClock } from '../support/test-clock';
import type { TestPerson } from '../support/tokens';

const DAY_MS = 86_400_000;
const clock = new TestClock();

describe('sync', () => {
  let service: TestApp;
  beforeAll(async () => {
    service = await startTestApp({}, clock);
  }, 60_000);
  afterAll(() => service.stop());

  const sync = async (as: TestPerson, since?: string, limit = 200): Promise<SyncResult> => {
    const query = new URLSearchParams({ limit: String(limit), ...(since === undefined ? {} : { since }) });
    const answer = await service.call('GET', `/api/v1/messages/sync?${query.toString()}`, { as });
    expect(answer.status).toBe(200);
    return answer.body as unknown as SyncResult;
  };
  /** As a client begins: the cursor first, then the list. */
  const replicaOf = async (as: TestPerson): Promise<Replica> => {
    const replica = new Replica();
    replica.cursor = (await sync(as)).cursor;
    const { conversations = [] } = (await service.call('GET', '/api/v1/messages/conversations?limit=50', { as })).body;
    for (const data of conversations) replica.apply({ type: 'conversation_created', data });
    return replica;
  };
  const meet = async (...people: TestPerson[]): Promise<void> => {
    for (const as of people) await service.call('GET', '/api/v1/messages/conversations', { as });
  };
  const send = async (as: TestPerson, body: Record<string, unknown>): Promise<MessagePayload> =>
    (await service.call('POST', '/api/v1/messages/send', { as, body })).body as unknown as MessagePayload;
  /** Something happens right before or right after the next sync reads what was added. */
  const whileItReads = (happens: () => Promise<unknown>, when: 'before' | 'after'): void => {
    const messages = service.app.get(MessagesRepository, { strict: false });
    const read = messages.between.bind(messages);
    jest.spyOn(messages, 'between').mockImplementationOnce(async (ranges) => {
      if (when === 'before') await happens();
      const found = await read(ranges);
      if (when === 'after') await happens();
      return found;
    });
  };
  const group = async (as: TestPerson, ...others: TestPerson[]): Promise<string> => {
    const body = { participant_ids: others.map(idOf), conversation_type: 'group', title: 'Classe' };
    return (await service.call('POST', '/api/v1/messages/conversations', { as, body })).body.conversation_id ?? '';
  };

  it('answers now without a cursor, and the same cursor while nothing changes', async () => {
    const parent = aParent();
    const now = await sync(parent);
    expect(now).toEqual({ events: [], cursor: expect.stringMatching(/^[\w-]{22}$/) as unknown, has_more: false });
    expect(await sync(parent, now.cursor)).toEqual({ events: [], cursor: now.cursor, has_more: false });
  });

  describe('an edit in a conversation that has been quiet', () => {
    /** Time goes on, and nothing of the conversation is unsettled. */
    const restNow = async (): Promise<void> => {
      clock.advance(5 * MINUTE_MS);
      await service.app.get(SummarySettler, { strict: false }).repair();
    };
    const aQuietOne = async () => {
      const [parent, teacher] = [aParent(), aTeacher()];
      await meet(parent, teacher);
      const { message_id } = await send(parent, { recipient_id: idOf(teacher), content: 'un' });
      await restNow();
      const { cursor } = await sync(teacher);
      const edit = () =>
        service.call('PATCH', `/api/v1/messages/${message_id}`, { as: parent, body: { content: 'deux' } });
      const told = async () => (await sync(teacher, cursor)).events.filter(({ type }) => type === 'message_updated');
      return { edit, told, event: { type: 'message_updated', data: { message_id, content: 'deux' } } };
    };
    type Change = MessagesRepository['change'];
    const onChange = (meanwhile: (change: () => ReturnType<Change>) => ReturnType<Change>): void => {
      const messages = service.app.get(MessagesRepository, { strict: false });
      const change = messages.change.bind(messages);
      jest.spyOn(messages, 'change').mockImplementationOnce((...of) => meanwhile(() => change(...of)));
    };
    afterEach(() => jest.restoreAllMocks());

    it('is told although the process ended before it took note', async () => {
      const { edit, told, event } = await aQuietOne();
      onChange(async (change) => {
        await change();
        throw new Error('the process ends here');
      });
      expect((await edit()).status).toBe(500);
      expect(await told()).toMatchObject([event]);
    });

    it('is told once it is acknowledged, however long the process stood still before it', async () => {
      const { edit, told, event } = await aQuietOne();
      onChange(async (change) => {
        await restNow();
        return change();
      });
      expect((await edit()).status).toBe(200);
      expect(await told()).toMatchObject([event]);
    });
  });

  it('tells of a message, its edit and its deletion once each, then only of what it is now', async () => {
    const [parent, teacher] = [aParent(), aTeacher()];
    await meet(parent, teacher);
    const { cursor } = await sync(teacher);
    const { message_id } = await send(parent, { recipient_id: idOf(teacher), content: 'un' });
    const first = await sync(teacher, cursor);
    expect(first.events.map(({ type }) => type)).toEqual(['conversation_created', 'message_received']);
    await service.call('PATCH', `/api/v1/messages/${message_id}`, { as: parent, body: { content: 'deux' } });
    const second = await sync(teacher, first.cursor);
    expect(second.events).toMatchObject([{ type: 'message_updated', data: { message_id, content: 'deux' } }]);
    await service.call('DELETE', `/api/v1/messages/${message_id}`, { as: parent });
    const third = await sync(teacher, second.cursor);
    expect(third.events).toMatchObject([{ type: 'message_deleted', data: { message_id, seq: 1 } }]);
    const late = await sync(teacher, cursor);
    expect(late.events.map(({ type }) => type)).toEqual(['conversation_created', 'message_deleted']);
  });

  it('pages through more than the limit without a hole and in order', async () => {
    const [parent, teacher] = [aParent(), aTeacher()];
    await meet(parent, teacher);
    const replica = await replicaOf(teacher);
    const { conversation_id } = await send(parent, { recipient_id: idOf(teacher), content: '1' });
    for (let i = 2; i <= 11; i += 1) await send(parent, { conversation_id, content: String(i) });
    await replica.catchUp((since) => sync(teacher, since, 3));
    const seen = [...(replica.messages.get(conversation_id) ?? [])];
    expect(seen).toEqual(Array.from({ length: 11 }, (_, i) => [i + 1, String(i + 1)]));
  });

  it('brings no more messages at once than asked for, changed ones and new ones together', async () => {
    const [parent, teacher] = [aParent(), aTeacher()];
    await meet(parent, teacher);
    const { conversation_id, message_id } = await send(parent, { recipient_id: idOf(teacher), content: '1' });
    const second = await send(parent, { conversation_id, content: '2' });
    const { cursor } = await sync(teacher);
    for (const id of [message_id, second.message_id])
      await service.call('PATCH', `/api/v1/messages/${id}`, { as: parent, body: { content: 'changé' } });
    for (const content of ['3', '4']) await send(parent, { conversation_id, content });
    const seqsOf = ({ events }: SyncResult): unknown[] =>
      events.filter(({ type }) => type.startsWith('message_')).map(({ data }) => (data as { seq: number }).seq);
    const first = await sync(teacher, cursor, 3);
    expect([seqsOf(first), first.has_more]).toEqual([[1, 2, 3], true]);
    const rest = await sync(teacher, first.cursor, 3);
    expect([seqsOf(rest).at(-1), rest.has_more]).toEqual([4, false]);
  });

  it('answers a socket as it answers REST, with an acknowledgement and without', async () => {
    const [parent, teacher] = [aParent(), aTeacher()];
    await meet(parent, teacher);
    const { cursor } = await sync(teacher);
    await send(parent, { recipient_id: idOf(teacher), content: 'manqué' });
    const socket = await connectAs(service.url, teacher);
    const ack = await ask(socket, 'sync', { since: cursor, limit: 10 });
    expect(ack).toMatchObject({ ok: true, data: { has_more: false, events: [{}, { data: { content: 'manqué' } }] } });
    const answer = nextEvent(socket, 'sync');
    socket.emit('sync', { since: cursor });
    expect((await answer).events).toHaveLength(2);
    socket.close();
  });

  it("says cursor_expired for another's cursor, an unknown one and one of 31 days ago; 400 for what is none", async () => {
    const [parent, teacher] = [aParent(), aTeacher()];
    const mine = await sync(parent);
    expect(await sync(teacher, mine.cursor)).toMatchObject({ events: [], cursor_expired: true, has_more: false });
    expect(await sync(teacher, 'A'.repeat(22))).toMatchObject({ cursor_expired: true });
    clock.advance(31 * DAY_MS);
    expect(await sync(parent, mine.cursor)).toMatchObject({ cursor_expired: true });
    const refused = await service.call('GET', '/api/v1/messages/sync?since=nonsense', { as: parent });
    expect([refused.status, refused.body.errors?.[0]?.field]).toEqual([400, 'since']);
  });

  it('tells a removed person that they left, and nothing that was said after it', async () => {
    const [teacher, parent] = [aTeacher(), aParent()];
    await meet(teacher, parent);
    const id = await group(teacher, parent);
    const { cursor } = await sync(parent);
    await service.call('DELETE', `/api/v1/messages/conversations/${id}/participants/${idOf(parent)}`, { as: teacher });
    await send(teacher, { conversation_id: id, content: 'entre nous' });
    const { events } = await sync(parent, cursor);
    expect(events).toEqual([{ type: 'conversation_left', data: { conversation_id: id, user_id: idOf(parent) } }]);
  });

  it('tells nothing to a person who is removed while it reads', async () => {
    const [teacher, parent] = [aTeacher(), aParent()];
    await meet(teacher, parent);
    const id = await group(teacher, parent);
    await send(teacher, { conversation_id: id, content: 'bonjour' });
    const { cursor } = await sync(parent);
    await send(teacher, { conversation_id: id, content: 'pour tous' });
    const conversations = service.app.get(ConversationsRepository, { strict: false });
    const read = conversations.findSyncRows.bind(conversations);
    jest.spyOn(conversations, 'findSyncRows').mockImplementationOnce(async (viewer) => {
      const rows = await read(viewer);
      const path = `/api/v1/messages/conversations/${id}/participants/${idOf(parent)}`;
      await service.call('DELETE', path, { as: teacher });
      await send(teacher, { conversation_id: id, content: 'entre nous' });
      return rows;
    });
    const meanwhile = await sync(parent, cursor);
    expect(meanwhile.events).toEqual([]);
    const { events } = await sync(parent, meanwhile.cursor);
    expect(events).toEqual([{ type: 'conversation_left', data: { conversation_id: id, user_id: idOf(parent) } }]);
  });

  it('tells nothing that is said after a removal, although the sync began before it', async () => {
    const [teacher, parent] = [aTeacher(), aParent()];
    await meet(teacher, parent);
    const id = await group(teacher, parent);
    const { cursor } = await sync(parent);
    const { message_id } = await send(teacher, { conversation_id: id, content: 'pour tous' });
    whileItReads(async () => {
      await service.call('DELETE', `/api/v1/messages/conversations/${id}/participants/${idOf(parent)}`, {
        as: teacher,
      });
      await service.call('PATCH', `/api/v1/messages/${message_id}`, { as: teacher, body: { content: 'entre nous' } });
    }, 'before');
    const left = { type: 'conversation_left', data: { conversation_id: id, user_id: idOf(parent) } };
    const { events, cursor: next } = await sync(parent, cursor);
    expect(events).toEqual([left]);
    // So close to the cursor it is told again: the clocks of nodes may differ by that much.
    expect((await sync(parent, next)).events).toEqual([left]);
  });

  it('tells next time of a change that came between its own reads', async () => {
    const [parent, teacher] = [aParent(), aTeacher()];
    await meet(parent, teacher);
    const { conversation_id, message_id } = await send(parent, { recipient_id: idOf(teacher), content: 'un' });
    const { cursor } = await sync(teacher);
    await service.call('PATCH', `/api/v1/messages/${message_id}`, { as: parent, body: { content: 'deux' } });
    const fresh = await send(parent, { conversation_id, content: 'à effacer' });
    whileItReads(() => service.call('DELETE', `/api/v1/messages/${fresh.message_id}`, { as: parent }), 'after');
    const first = await sync(teacher, cursor);
    expect(first.events.map(({ type }) => type)).toContain('message_received');
    const { events } = await sync(teacher, first.cursor);
    expect(events).toContainEqual({
      type: 'message_deleted',
      data: { conversation_id, message_id: fresh.message_id, seq: 2 },
    });
  });

  it('begins a hidden history anew for who was taken out and in again between two syncs', async () => {
    const [teacher, parent] = [aTeacher(), aParent()];
    await meet(teacher, parent);
    const body = { participant_ids: [idOf(parent)], conversation_type: 'group', title: 'Classe', history: 'joined' };
    const made = await service.call('POST', '/api/v1/messages/conversations', { as: teacher, body });
    const id = made.body.conversation_id ?? '';
    const people = `/api/v1/messages/conversations/${id}/participants`;
    const replica = await replicaOf(parent);
    await send(teacher, { conversation_id: id, content: 'avant' });
    await replica.catchUp((since) => sync(parent, since));
    await service.call('DELETE', `${people}/${idOf(parent)}`, { as: teacher });
    await send(teacher, { conversation_id: id, content: 'entre nous' });
    await service.call('POST', people, { as: teacher, body: { user_ids: [idOf(parent)] } });
    await send(teacher, { conversation_id: id, content: 'après' });
    await replica.catchUp((since) => sync(parent, since));
    expect([...(replica.messages.get(id) ?? [])]).toEqual([[3, 'après']]);
    await service.call('PUT', `/api/v1/messages/conversations/${id}/mute`, { as: parent, body: { muted: true } });
    const { events } = await sync(parent, replica.cursor);
    expect(events.map(({ type }) => type)).toEqual(['conversation_updated']);
  });

  it('names no position on a message from before the viewer came where history is hidden', async () => {
    const [teacher, parent, late] = [aTeacher(), aParent(), aParent()];
    await meet(teacher, parent, late);
    const body = { participant_ids: [idOf(parent)], conversation_type: 'group', title: 'Classe', history: 'joined' };
    const made = await service.call('POST', '/api/v1/messages/conversations', { as: teacher, body });
    const conversation_id = made.body.conversation_id ?? '';
    const read = ({ message_id }: MessagePayload) =>
      service.call('POST', `/api/v1/messages/mark-read/${message_id}`, { as: parent });
    const before = await send(teacher, { conversation_id, content: 'avant' });
    await send(teacher, { conversation_id, content: 'aussi' });
    const people = `/api/v1/messages/conversations/${conversation_id}/participants`;
    await service.call('POST', people, { as: teacher, body: { user_ids: [idOf(late)] } });
    const { cursor } = await sync(late);
    const ofTeacher = await sync(teacher);
    await read(before);
    const readOf = ({ events }: SyncResult) =>
      events.filter(({ type }) => type === 'message_read').map(({ data }) => data);
    const told = readOf(await sync(teacher, ofTeacher.cursor));
    expect(told).toHaveLength(2);
    expect(told).toContainEqual(expect.objectContaining({ seq: 1, read_by: idOf(parent) }));
    expect(told).toContainEqual(expect.objectContaining({ seq: 2, read_by: idOf(teacher) }));
    const hidden = await sync(late, cursor);
    expect(hidden.events).toEqual([]);
    await read(await send(teacher, { conversation_id, content: 'après' }));
    expect(readOf(await sync(late, hidden.cursor))).toMatchObject([{ seq: 3 }, { seq: 3 }]);
  });

  it('pages through a hidden history that is new to the client, to its end', async () => {
    const [teacher, parent, other] = [aTeacher(), aParent(), aParent()];
    await meet(teacher, parent, other);
    const replica = await replicaOf(parent);
    const body = { participant_ids: [idOf(other)], conversation_type: 'group', title: 'Classe', history: 'joined' };
    const made = await service.call('POST', '/api/v1/messages/conversations', { as: teacher, body });
    const id = made.body.conversation_id ?? '';
    await send(teacher, { conversation_id: id, content: 'avant' });
    const people = `/api/v1/messages/conversations/${id}/participants`;
    await service.call('POST', people, { as: teacher, body: { user_ids: [idOf(parent)] } });
    for (const content of ['2', '3', '4']) await send(teacher, { conversation_id: id, content });
    let pages = 0;
    await replica.catchUp((since) => {
      pages += 1;
      if (pages > 20) throw new Error('pages without an end');
      return sync(parent, since, 1);
    });
    expect([...(replica.messages.get(id)?.values() ?? [])]).toEqual(['2', '3', '4']);
  });

  it('announces a group that had no message yet, so that no list showed it, when the cursor was taken', async () => {
    const [teacher, parent] = [aTeacher(), aParent()];
    await meet(teacher, parent);
    const id = await group(teacher, parent);
    const [{ cursor }, creators] = [await sync(parent), await sync(teacher)];
    expect(await sync(teacher, creators.cursor)).toEqual(creators);
    const path = `/api/v1/messages/conversations/${id}/mute`;
    await service.call('PUT', path, { as: teacher, body: { muted: true } });
    const still = await sync(parent, cursor);
    expect(still.events).toEqual([]);
    expect(still.cursor).not.toBe(cursor);
    await send(teacher, { conversation_id: id, content: 'un' });
    const told = await sync(parent, still.cursor);
    expect(told.events.map(({ type }) => type)).toEqual(['conversation_created', 'message_received']);
    expect((await sync(parent, told.cursor)).events).toEqual([]);
    expect((await sync(teacher, creators.cursor)).events.map(({ type }) => type)).not.toContain('conversation_created');
  });

  it('tells people who come back together each what is theirs', async () => {
    const teacher = aTeacher();
    const pupils = Array.from({ length: 6 }, () => aStudent());
    await meet(teacher, ...pupils);
    const id = await group(teacher, ...pupils);
    await send(teacher, { conversation_id: id, content: 'un' });
    const cursors = await Promise.all(pupils.map(async (pupil) => (await sync(pupil)).cursor));
    const path = `/api/v1/messages/conversations/${id}`;
    for (const [index, as] of pupils.entries()) {
      if (index % 2 === 0) await service.call('POST', `${path}/read`, { as, body: {} });
      else await service.call('PUT', `${path}/mute`, { as, body: { muted: true } });
    }
    await service.call('PATCH', path, { as: teacher, body: { title: 'Nouvelle classe' } });
    const told = await Promise.all(pupils.map((pupil, index) => sync(pupil, cursors[index])));
    const views = told.map(({ events }) => events.find(({ type }) => type === 'conversation_updated')?.data);
    const own = await Promise.all(pupils.map(async (as) => (await service.call('GET', path, { as })).body));
    expect(views).toEqual(own);
    expect(views[0]).toMatchObject({ title: 'Nouvelle classe', unread_count: 0, is_muted: false });
    expect(views[1]).toMatchObject({ title: 'Nouvelle classe', unread_count: 1, is_muted: true });
  });

  it('never gives the place of a change twice, not even to a writer that was stopped before it wrote', async () => {
    const [parent, teacher] = [aParent(), aTeacher()];
    await meet(parent, teacher);
    const messages = service.app.get(MessagesRepository, { strict: false });
    const first = await send(parent, { recipient_id: idOf(teacher), content: 'a' });
    const second = await send(parent, { recipient_id: idOf(teacher), content: 'b' });
    const stopped = await messages.findById(second.message_id);
    for (const content of ['a1', 'a2']) {
      await service.call('PATCH', `/api/v1/messages/${first.message_id}`, { as: parent, body: { content } });
    }
    if (!stopped) throw new Error('not stored');
    const change = { kind: 'edit' as const, content: 'b1', at: new Date(clock.now()) };
    expect(await messages.change(stopped, change, 1)).toBe('mod_taken');
  });

  it('brings a replica to the state of the server, whatever happened between two syncs', async () => {
    const people = [aTeacher(), aParent(), aStudent()] as const;
    await meet(...people);
    const who = fc.constantFrom(...people);
    const pick = fc.nat(50);
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), who, pick }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('edit' as const), who, pick }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), who, pick }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('read' as const), who, pick }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('rename' as const), who, pick }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('mute' as const), who, pick }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('sync' as const), who, pick }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        const [teacher, parent, student] = people;
        const old = await group(teacher, parent, student);
        const replicas = new Map(await Promise.all(people.map(async (p) => [p, await replicaOf(p)] as const)));
        const ids = [old, await group(teacher, parent)];
        const sent: MessagePayload[] = [];
        for (const [n, { do: action, who: as, pick: at }] of steps.entries()) {
          const id = ids[at % ids.length] ?? '';
          const target = sent[at % Math.max(1, sent.length)];
          if (action === 'send') {
            const message = await send(as, { conversation_id: id, content: `m${n}` });
            if (message.seq) sent.push(message);
          } else if (action === 'rename') {
            const body = { title: `t${n}` };
            await service.call('PATCH', `/api/v1/messages/conversations/${id}`, { as: teacher, body });
          } else if (action === 'mute') {
            const body = { muted: n % 2 === 0 };
            await service.call('PUT', `/api/v1/messages/conversations/${id}/mute`, { as, body });
          } else if (action === 'sync') {
            await replicas.get(as)?.catchUp((since) => sync(as, since, 1 + (at % 7)));
          } else if (target && action === 'edit') {
            const body = { content: `e${n}` };
            await service.call('PATCH', `/api/v1/messages/${target.message_id}`, { as, body });
          } else if (target && action === 'delete') {
            await service.call('DELETE', `/api/v1/messages/${target.message_id}`, { as });
          } else if (target) await service.call('POST', `/api/v1/messages/mark-read/${target.message_id}`, { as });
        }
        for (const person of people) {
          const replica = replicas.get(person) ?? new Replica();
          await replica.catchUp((since) => sync(person, since));
          for (const id of ids) await compare(person, id, replica);
        }
      }),
      { numRuns: 8 },
    );
  }, 120_000);

  async function compare(as: TestPerson, id: string, replica: Replica): Promise<void> {
    const server = await service.call('GET', `/api/v1/messages/conversations/${id}`, { as });
    const copy = replica.conversations.get(id);
    if (server.status !== 200) return expect(copy).toBeUndefined();
    const truth = server.body as unknown as ConversationPayload;
    // One without a message stands in its creator's list only.
    if (!copy) return expect([truth.last_message_id, truth.created_by === idOf(as)]).toEqual([null, false]);
    expect(copy).toMatchObject({ title: truth.title, participants: truth.participants, is_muted: truth.is_muted });
    for (const { user_id, last_read_seq } of truth.participant_details) {
      expect([user_id, replica.readBy.get(id)?.get(user_id) ?? 0]).toEqual([user_id, last_read_seq]);
    }
    const page = await service.call('GET', `/api/v1/messages/history/${id}?limit=100`, { as });
    const stored = (page.body.messages ?? []).map((m) => [m.seq, m.is_deleted ? null : m.content]);
    expect([...(replica.messages.get(id) ?? [])].sort(([a], [b]) => a - b)).toEqual(stored);
  }
});
