import type { MessagePayload } from '../../src/contract/payloads';
import { aParent, aTeacher, anAdmin, idOf } from '../support/people';
import { PlainClient } from '../support/plain-client';
import { ask, connectAs, nextEvent, type TestSocket } from '../support/socket-client';
import { startTestApp, type TestApp } from '../support/test-app';
import type { TestPerson } from '../support/tokens';

describe('receipts and typing', () => {
  let service: TestApp;
  const sockets: TestSocket[] = [];
  const clients: PlainClient[] = [];
  beforeAll(async () => {
    service = await startTestApp();
  }, 60_000);
  afterEach(() => {
    sockets.splice(0).forEach((socket) => socket.close());
    clients.splice(0).forEach((client) => client.close());
  });
  afterAll(() => service.stop());

  const enter = async (person: TestPerson): Promise<TestSocket> => {
    const socket = await connectAs(service.url, person);
    sockets.push(socket);
    return socket;
  };
  const enterPlain = async (person: TestPerson, path?: string): Promise<PlainClient> => {
    const client = await PlainClient.as(service.url, person, path);
    clients.push(client);
    return client;
  };
  const send = async (socket: TestSocket, body: object): Promise<MessagePayload> => {
    const ack = await ask(socket, 'message', body);
    if (!ack.ok) throw new Error(ack.error.error_code);
    return ack.data as unknown as MessagePayload;
  };
  const group = async (by: TestPerson, others: TestPerson[]): Promise<string> => {
    const body = { conversation_type: 'group', title: 'Classe', participant_ids: others.map(idOf) };
    const made = await service.call('POST', '/api/v1/messages/conversations', { as: by, body });
    return made.body.conversation_id ?? '';
  };
  const messages = async (as: TestPerson, id: string): Promise<MessagePayload[]> =>
    (await service.call('GET', `/api/v1/messages/history/${id}`, { as })).body.messages ?? [];
  /** Everything of a name that a socket hears. */
  const hear = <E extends 'message_read' | 'message_delivered' | 'message_typing'>(socket: TestSocket, event: E) => {
    const heard: Record<string, unknown>[] = [];
    (socket as unknown as { on(name: string, listener: (payload: Record<string, unknown>) => void): void }).on(
      event,
      (payload) => heard.push(payload),
    );
    return heard;
  };
  const refused = (error_code: string): object => ({
    ok: false,
    error: expect.objectContaining({ error_code }) as unknown,
  });

  describe('delivered', () => {
    it('is what the client says, not what reaches its socket', async () => {
      const [parent, teacher] = [aParent(), aTeacher()];
      const [p, t] = [await enter(parent), await enter(teacher)];
      const arrived = nextEvent(p, 'message_received');
      const sent = await send(t, { recipient_id: idOf(parent), content: 'x' });
      await arrived;
      const id = sent.conversation_id;
      expect((await messages(teacher, id))[0]).toMatchObject({ status: 'sent', delivered_to: [] });
      const told = nextEvent(t, 'message_delivered');
      expect(await ask(p, 'message_delivered', { message_id: sent.message_id })).toEqual({
        ok: true,
        data: { conversation_id: id, seq: 1 },
      });
      expect(await told).toEqual({
        conversation_id: id,
        message_id: sent.message_id,
        seq: 1,
        delivered_to: idOf(parent),
        delivered_at: expect.stringMatching(/Z$/) as string,
      });
      expect((await messages(teacher, id))[0]).toMatchObject({
        status: 'delivered',
        is_read: false,
        read_at: null,
        delivered_to: [idOf(parent)],
        read_by: [],
      });
    });

    it('moves forwards only, by id or by place, over either door', async () => {
      const [parent, teacher] = [aParent(), aTeacher()];
      const [p, t] = [await enterPlain(parent), await enter(teacher)];
      const sent = [1, 2, 3].map((n) => send(t, { recipient_id: idOf(parent), content: String(n) }));
      const [first, second] = await Promise.all(sent);
      const conversation_id = first?.conversation_id;
      const mark = (frame: object) => p.ask({ type: 'message_delivered', ...frame });
      expect(await mark({ conversation_id, seq: 2 })).toMatchObject({ type: 'success', data: { seq: 2 } });
      expect(await mark({ message_id: first?.message_id })).toMatchObject({ type: 'success', data: { seq: 2 } });
      const statuses = (await messages(teacher, conversation_id ?? '')).map(({ status }) => status);
      expect(statuses).toEqual(['delivered', 'delivered', 'sent']);
      expect(await mark({ conversation_id, seq: 4 })).toMatchObject({ error_code: 'MESSAGE_NOT_FOUND' });
      expect(await mark({ conversation_id })).toMatchObject({ error_code: 'VALIDATION_FAILED' });
      expect(await mark({ message_id: second?.message_id, seq: 2 })).toMatchObject({ error_code: 'VALIDATION_FAILED' });
      expect(await mark({})).toMatchObject({ error_code: 'VALIDATION_FAILED' });
    });

    it('is implied by reading', async () => {
      const [parent, teacher] = [aParent(), aTeacher()];
      const [p, t] = [await enter(parent), await enter(teacher)];
      const sent = await send(t, { recipient_id: idOf(parent), content: 'x' });
      await ask(p, 'message_read', { message_id: sent.message_id });
      const again = await ask(p, 'message_delivered', { message_id: sent.message_id });
      expect(again).toMatchObject({ ok: true, data: { seq: 1 } });
      expect((await messages(teacher, sent.conversation_id))[0]).toMatchObject({
        status: 'read',
        delivered_to: [idOf(parent)],
        read_by: [idOf(parent)],
      });
    });

    it('in a group: told to the senders of what is newly covered, the status when everybody has', async () => {
      const [teacher, p1, p2, p3] = [aTeacher(), aParent(), aParent(), aParent()];
      const [t, s1, s2, s3] = await Promise.all([teacher, p1, p2, p3].map(enter));
      if (!t || !s1 || !s2 || !s3) throw new Error('not connected');
      const conversation_id = await group(teacher, [p1, p2, p3]);
      await send(t, { conversation_id, content: '1' });
      const last = await send(s1, { conversation_id, content: '2' });
      const byP3 = hear(s3, 'message_delivered');
      const told = [t, s1].map((socket) => nextEvent(socket, 'message_delivered'));
      await ask(s2, 'message_delivered', { conversation_id, seq: 2 });
      for (const event of await Promise.all(told)) {
        expect(event).toMatchObject({ delivered_to: idOf(p2), seq: 2, message_id: last.message_id });
      }
      const [first] = await messages(teacher, conversation_id);
      expect(first?.status).toBe('sent');
      expect(new Set(first?.delivered_to)).toEqual(new Set([idOf(p1), idOf(p2)]));
      await ask(s3, 'message_delivered', { conversation_id, seq: 2 });
      expect((await messages(teacher, conversation_id))[0]).toMatchObject({ status: 'delivered', is_read: false });
      expect(byP3).toEqual([]);
    });

    it('of many at once costs one event per person and window', async () => {
      const [parent, teacher] = [aParent(), aTeacher()];
      const [p, t] = [await enter(parent), await enter(teacher)];
      const sent = await Promise.all(
        Array.from({ length: 20 }, (_, i) => send(t, { recipient_id: idOf(parent), content: String(i) })),
      );
      const heard = hear(t, 'message_delivered');
      const whole = nextEvent(t, 'message_delivered', ({ seq }) => seq === 20);
      await Promise.all(sent.map(({ message_id }) => ask(p, 'message_delivered', { message_id })));
      await whole;
      expect(heard.length).toBeLessThanOrEqual(3);
    });

    it('refuses outsiders as if there were nothing', async () => {
      const [parent, teacher, stranger] = [aParent(), aTeacher(), anAdmin()];
      const [t, s] = [await enter(teacher), await enter(stranger)];
      await enter(parent);
      const { message_id, conversation_id } = await send(t, { recipient_id: idOf(parent), content: 'x' });
      expect(await ask(s, 'message_delivered', { message_id })).toEqual(refused('MESSAGE_NOT_FOUND'));
      expect(await ask(s, 'message_delivered', { conversation_id, seq: 1 })).toEqual(refused('CONVERSATION_NOT_FOUND'));
    });
  });

  it('reading by an answer in a group above 50 is told to those whose messages it covers, and nobody else', async () => {
    const [teacher, ...parents] = [aTeacher(), ...Array.from({ length: 50 }, aParent)];
    const users = parents.map((p) => ({ user_id: idOf(p), username: idOf(p), display_name: 'P', role: 'parent' }));
    await service.call('PUT', '/api/v1/users', { as: anAdmin(), body: { users } });
    const [answering, quiet] = [parents[0] ?? aParent(), parents[1] ?? aParent()];
    const [t, a, a2, q] = [await enter(teacher), await enter(answering), await enter(answering), await enter(quiet)];
    const conversation_id = await group(teacher, parents);
    await send(t, { conversation_id, content: 'question' });
    const unheard = hear(q, 'message_read');
    const told = [t, a2].map((socket) => nextEvent(socket, 'message_read'));
    const last = nextEvent(q, 'message_received', ({ seq }) => seq === 2);
    await send(a, { conversation_id, content: 'réponse' });
    for (const event of await Promise.all(told)) expect(event).toMatchObject({ read_by: idOf(answering), seq: 2 });
    await last;
    expect(unheard).toEqual([]);
    expect((await messages(teacher, conversation_id))[0]).toMatchObject({ status: 'sent', read_count: 1 });
  });

  describe('devices of one person', () => {
    it('agree: own messages and reads appear on the others, whichever door', async () => {
      const [parent, teacher] = [aParent(), aTeacher()];
      const [phone, laptop, t] = [await enter(parent), await enterPlain(parent), await enter(teacher)];
      const { message_id, conversation_id } = await send(t, { recipient_id: idOf(parent), content: 'x' });
      await laptop.event('message_received');
      const read = laptop.next(({ type, read_by }) => type === 'message_read' && read_by === idOf(parent));
      await ask(phone, 'message_read', { message_id });
      expect(await read).toMatchObject({ conversation_id, seq: 1 });
      const own = laptop.next(({ type, sender_id }) => type === 'message_received' && sender_id === idOf(parent));
      await send(phone, { conversation_id, content: 'réponse' });
      expect(await own).toMatchObject({ content: 'réponse', seq: 2 });
    });
  });

  it('sending reads, and says so, whoever sent the message before', async () => {
    const [parent, teacher] = [aParent(), aTeacher()];
    const [p, t] = [await enterPlain(parent), await enter(teacher)];
    const readUpTo = (place: number): Promise<unknown> =>
      p.next(({ type, read_by, seq }) => type === 'message_read' && read_by === idOf(teacher) && seq === place);
    const first = readUpTo(1);
    const { conversation_id } = await send(t, { recipient_id: idOf(parent), content: 'un' });
    expect(await first).toMatchObject({ conversation_id });
    const second = readUpTo(2);
    await send(t, { conversation_id, content: 'deux' });
    expect(await second).toMatchObject({ conversation_id });
  });

  describe('typing', () => {
    it('reaches the others of the conversation on both doors, nobody else, and ends', async () => {
      const [teacher, p1, p2, stranger] = [aTeacher(), aParent(), aParent(), aTeacher()];
      const [t, t2, s1, s2, out] = [
        await enter(teacher),
        await enter(teacher),
        await enter(p1),
        await enterPlain(p2),
        await enter(stranger),
      ];
      const conversation_id = await group(teacher, [p1, p2]);
      const quiet = [t2, out].map((socket) => hear(socket, 'message_typing'));
      const heard = nextEvent(s1, 'message_typing');
      expect(await ask(t, 'message_typing', { conversation_id })).toEqual({ ok: true, data: { conversation_id } });
      const expected = { conversation_id, user_id: idOf(teacher), user_name: teacher.name };
      expect(await heard).toEqual({ ...expected, is_typing: true });
      expect(await s2.event('message_typing')).toEqual({ type: 'message_typing', ...expected, is_typing: true });
      const stopped = nextEvent(s1, 'message_stop_typing');
      t.emit('message_stop_typing', { conversation_id });
      expect(await stopped).toEqual({ ...expected, is_typing: false });
      expect(quiet).toEqual([[], []]);
      expect(await ask(out, 'message_typing', { conversation_id })).toEqual(refused('CONVERSATION_NOT_FOUND'));
    });

    it('ends when the typing person’s socket is closed', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const [t, p] = [await enter(teacher), await enter(parent)];
      const conversation_id = await group(teacher, [parent]);
      const started = nextEvent(p, 'message_typing');
      t.emit('message_typing', { conversation_id });
      await started;
      const stopped = nextEvent(p, 'message_stop_typing');
      t.close();
      expect(await stopped).toMatchObject({ conversation_id, is_typing: false });
    });

    it('in a flood is answered and dropped without an error', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const [t, p] = [await enter(teacher), await enter(parent)];
      const conversation_id = await group(teacher, [parent]);
      const heard = hear(p, 'message_typing');
      const errors: unknown[] = [];
      t.on('error', (error) => errors.push(error));
      for (let i = 0; i < 100; i++) t.emit('message_typing', { conversation_id });
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => ask(t, 'message_typing', { conversation_id })),
      );
      expect(answers.every(({ ok }) => ok)).toBe(true);
      expect(errors).toEqual([]);
      // Once, and again every 2 s that the 200 took.
      expect(heard.length).toBeLessThan(20);
    });
  });

  describe('a removal', () => {
    it('ends everything at once on open sockets of both doors', async () => {
      const [teacher, leaving, staying] = [aTeacher(), aParent(), aParent()];
      const [t, s, plain] = [await enter(teacher), await enter(leaving), await enterPlain(leaving)];
      await enter(staying);
      const conversation_id = await group(teacher, [leaving, staying]);
      const bound = await enterPlain(leaving, `/ws/conversation/${conversation_id}`);
      const { message_id } = await send(t, { conversation_id, content: 'avant' });
      await plain.event('message_received');
      const left = nextEvent(s, 'conversation_left');
      const path = `/api/v1/messages/conversations/${conversation_id}/participants/${encodeURIComponent(idOf(leaving))}`;
      expect((await service.call('DELETE', path, { as: teacher })).status).toBe(200);
      expect(await left).toEqual({ conversation_id, user_id: idOf(leaving) });
      expect(await bound.closed).toBe(4404);
      expect(bound.frames.at(-2)).toMatchObject({ type: 'conversation_left' });

      const heard: unknown[] = [];
      s.onAny((name) => heard.push(name));
      const before = plain.frames.length;
      await send(t, { conversation_id, content: 'après' });
      await ask(t, 'message_typing', { conversation_id });
      for (const event of ['message_typing', 'conversation_join']) {
        expect(await ask(s, event, { conversation_id })).toEqual(refused('CONVERSATION_NOT_FOUND'));
      }
      expect(await ask(s, 'message_read', { message_id })).toEqual(refused('MESSAGE_NOT_FOUND'));
      expect(await ask(s, 'message_delivered', { message_id })).toEqual(refused('MESSAGE_NOT_FOUND'));
      await plain.ask({ type: 'ping' });
      expect(heard).toEqual([]);
      expect(plain.frames.slice(before).map(({ type }) => type)).toEqual(
        expect.not.arrayContaining(['message_received', 'message_typing']),
      );
    });
  });

  it('a status chosen on a socket is the one that others see, as by REST', async () => {
    const [teacher, parent] = [aTeacher(), aParent()];
    const [t, p] = [await enter(teacher), await enterPlain(parent)];
    const seen = async (): Promise<unknown> =>
      (await service.call('GET', `/api/v1/presence/${idOf(parent)}`, { as: teacher })).body['online_status'];
    expect(await p.ask({ type: 'user_status_change', online_status: 'busy' })).toMatchObject({
      type: 'success',
      data: { user_id: idOf(parent), online_status: 'busy' },
    });
    expect(await seen()).toBe('busy');
    expect(await ask(t, 'user_status_change', { online_status: 'away' })).toMatchObject({ ok: true });
    expect(await ask(t, 'user_status_change', { online_status: 'offline' })).toEqual(refused('VALIDATION_FAILED'));
    expect(await ask(t, 'user_status_change', {})).toEqual(refused('VALIDATION_FAILED'));
  });

  it('people who type and views that are open are counted for administrators', async () => {
    const [teacher, parent] = [aTeacher(), aParent()];
    const t = await enter(teacher);
    await enter(parent);
    const conversation_id = await group(teacher, [parent]);
    const counts = async (): Promise<unknown> => {
      const { body } = await service.call('GET', '/api/v1/messages/websocket/stats', { as: anAdmin() });
      return [body['active_conversations'], body['typing_users']];
    };
    await ask(t, 'conversation_join', { conversation_id });
    await ask(t, 'message_typing', { conversation_id });
    expect(await counts()).toEqual([1, 1]);
    await ask(t, 'conversation_leave', { conversation_id });
    await ask(t, 'message_stop_typing', { conversation_id });
    expect(await counts()).toEqual([0, 0]);
    await Promise.all([
      ask(t, 'conversation_join', { conversation_id }),
      ask(t, 'conversation_leave', { conversation_id }),
    ]);
    expect(await counts()).toEqual([0, 0]);
  });

  describe('views', () => {
    it('open and close with an answer on every door, with a callback and without', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const [t, p] = [await enter(teacher), await enterPlain(parent)];
      const conversation_id = await group(teacher, [parent]);
      const own = { conversation_id, user_id: idOf(teacher) };
      expect(await ask(t, 'conversation_join', { conversation_id })).toEqual({ ok: true, data: own });
      const joined = nextEvent(t, 'conversation_joined');
      t.emit('conversation_join', { conversation_id });
      expect(await joined).toEqual(own);
      const answer = await p.ask({ type: 'conversation_join', conversation_id });
      expect(answer).toMatchObject({ type: 'conversation_joined', conversation_id, user_id: idOf(parent) });
      const left = nextEvent(t, 'conversation_left');
      t.emit('conversation_leave', { conversation_id });
      expect(await left).toEqual(own);
    });
  });
});
