import { io } from 'socket.io-client';
import type { MessagePayload } from '../../src/contract/payloads';
import { type Door, openDoor, SAMPLE } from '../support/door';
import { aParent, aTeacher, idOf } from '../support/people';
import { ask, connectAs, connected, nextEvent, rawSocket, type TestSocket } from '../support/socket-client';
import { tokenFor } from '../support/tokens';

/** What `connect_error` says. */
async function refusal(socket: TestSocket): Promise<Record<string, unknown>> {
  try {
    await connected(socket);
  } catch (error) {
    return (error as { data?: Record<string, unknown> }).data ?? { message: String(error) };
  }
  throw new Error('the socket was admitted');
}

const disconnected = (socket: TestSocket): Promise<string> =>
  new Promise((resolve) => socket.once('disconnect', (reason) => resolve(reason)));
const until = async (condition: () => boolean, tries = 200): Promise<void> => {
  for (let i = 0; i < tries && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
};
const refused = (error_code: string): object => ({
  ok: false,
  error: expect.objectContaining({ error_code }) as unknown,
});
const emitRaw = (socket: TestSocket, ...args: unknown[]): void => {
  (socket as unknown as { emit(...args: unknown[]): void }).emit(...args);
};

describe('the Socket.IO door', () => {
  let door: Door;
  const sockets: TestSocket[] = [];
  const keep = (socket: TestSocket): TestSocket => {
    sockets.push(socket);
    return socket;
  };
  const enter = async (...args: [Parameters<typeof connectAs>[1], string[]?]): Promise<TestSocket> =>
    keep(await connectAs(door.url, ...args));
  const empty = async (): Promise<TestSocket> => {
    const socket = keep(rawSocket(door.url));
    await connected(socket);
    return socket;
  };
  beforeAll(async () => {
    door = await openDoor();
  });
  afterEach(async () => {
    sockets.splice(0).forEach((socket) => socket.close());
    await until(() => door.registry.counts().total_connections === 0);
  });
  afterAll(() => door.app.close());

  describe('the handshake', () => {
    it.each([['not a token'], ['a.b.c'], [''], [42], [['x']], [{ a: 1 }]])('refuses %p', async (token) => {
      expect(await refusal(keep(rawSocket(door.url, { token })))).toMatchObject({
        error_code: 'AUTH_FAILED',
        message: expect.any(String) as string,
      });
    });

    it('refuses a sibling service', async () => {
      const token = tokenFor({ user_id: 'attendance-service', role: 'service' });
      expect(await refusal(keep(rawSocket(door.url, { token })))).toMatchObject({ error_code: 'FORBIDDEN' });
    });

    it.each([[['websocket']], [['polling']], [['polling', 'websocket']]])('admits over %p', async (transports) => {
      const socket = await enter(aParent(), transports);
      expect(await ask(socket, 'ping', {})).toMatchObject({ ok: true });
      expect(door.registry.counts()).toMatchObject({ authenticated_connections: 1, users_online: 1 });
    });

    it('reads a token from the query', async () => {
      const query = { token: tokenFor(aParent()) };
      await connected(keep(io(door.url, { query, transports: ['websocket'], forceNew: true, reconnection: false })));
      expect(door.registry.counts()).toMatchObject({ authenticated_connections: 1 });
    });

    it('speaks the language of the client', async () => {
      const extraHeaders = { 'accept-language': 'en' };
      const socket = keep(io(door.url, { auth: { token: 'x' }, extraHeaders, forceNew: true, reconnection: false }));
      const french = await refusal(keep(rawSocket(door.url, { token: 'x' })));
      expect((await refusal(socket))['message']).not.toBe(french['message']);
    });

    it.each([
      ['https://school.example', 200],
      ['https://evil.example', 403],
      ['null', 403],
      [undefined, 200],
    ])('checks the origin %s', async (origin, status) => {
      const headers: Record<string, string> = origin === undefined ? {} : { origin };
      const response = await fetch(`${door.url}/socket.io/?EIO=4&transport=polling`, { headers });
      expect(response.status).toBe(status);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('access-control-allow-credentials')).toBeNull();
      expect(response.headers.get('access-control-allow-origin')).not.toBe('*');
      const sid = /"sid":"([^"]+)"/.exec(await response.text())?.[1];
      // The session ends here: an abandoned one would keep its timer for half a minute.
      if (sid) await fetch(`${door.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`, { method: 'POST', body: '1' });
    });

    it('refuses a sixth socket, keeps the five and frees places', async () => {
      const person = aParent();
      const five = await Promise.all(Array.from({ length: 5 }, () => enter(person)));
      const sixth = keep(rawSocket(door.url, { token: tokenFor(person) }));
      expect(await refusal(sixth)).toMatchObject({ error_code: 'TOO_MANY_CONNECTIONS' });
      for (const socket of five) expect(await ask(socket, 'ping', {})).toMatchObject({ ok: true });
      five[0]?.close();
      await until(() => door.registry.socketIds(idOf(person)).length === 4);
      await enter(person);
    });

    it('admits exactly five of twelve that race', async () => {
      const token = tokenFor(aParent());
      const all = Array.from({ length: 12 }, () => keep(rawSocket(door.url, { token })));
      const answers = await Promise.allSettled(all.map(connected));
      expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    });

    it('frees the places of clients that leave during the handshake', async () => {
      const person = aParent();
      const token = tokenFor(person);
      for (let i = 0; i < 20; i++) {
        const socket = rawSocket(door.url, { token });
        socket.io.engine?.once('open', () => setImmediate(() => socket.close()));
        await new Promise((resolve) => setTimeout(resolve, 5));
        socket.close();
      }
      await until(() => door.registry.socketIds(idOf(person)).length === 0);
    });
  });

  describe('the empty state', () => {
    it('answers authentication and ping only', async () => {
      const socket = await empty();
      expect(await ask(socket, 'ping', { timestamp: 'x' })).toMatchObject({ ok: true });
      expect(await ask(socket, 'message', { content: 'x', recipient_id: 'y' })).toEqual(refused('AUTH_REQUIRED'));
      expect(await ask(socket, 'nothing', {})).toEqual(refused('AUTH_REQUIRED'));
      expect(await ask(socket, 'authentication', { token: 'x' })).toEqual(refused('AUTH_FAILED'));
      expect(await ask(socket, 'authentication', {})).toEqual(refused('VALIDATION_FAILED'));
      expect(door.registry.counts()).toMatchObject({ total_connections: 1, authenticated_connections: 0 });
    });

    it('is left by an authentication event', async () => {
      const [socket, person] = [await empty(), aParent()];
      const ack = await ask(socket, 'authentication', { token: tokenFor(person) });
      expect(ack).toMatchObject({ ok: true, data: { user_info: { user_id: idOf(person), role: 'parent' } } });
      expect(await ask(socket, 'message', { content: 'x', recipient_id: 'y' })).toMatchObject({ ok: true });
      expect(door.registry.counts()).toMatchObject({ authenticated_connections: 1 });
    });

    it('answers as an event without a callback', async () => {
      const socket = await empty();
      const answer = nextEvent(socket, 'authenticated');
      emitRaw(socket, 'authentication', { token: tokenFor(aParent()) });
      expect(await answer).toMatchObject({ user_info: { role: 'parent' }, timestamp: expect.any(String) as string });
    });

    it('ends by itself', async () => {
      const hasty = await openDoor({}, 100);
      const socket = keep(rawSocket(hasty.url));
      await connected(socket);
      const [event] = await Promise.all([nextEvent(socket, 'unauthorized'), disconnected(socket)]);
      expect(event).toEqual({ reason: 'auth_timeout' });
      await hasty.app.close();
    });
  });

  describe('a token', () => {
    it('ends its socket when it expires', async () => {
      const exp = Math.ceil(Date.now() / 1000) + 1;
      const socket = keep(rawSocket(door.url, { token: tokenFor(aParent(), { exp }) }));
      await connected(socket);
      const [event] = await Promise.all([nextEvent(socket, 'unauthorized'), disconnected(socket)]);
      expect(event).toEqual({ reason: 'token_expired' });
      expect(Date.now()).toBeGreaterThanOrEqual(exp * 1000 - 5);
    });

    it('is renewed for the same person', async () => {
      const person = aParent();
      const exp = Math.ceil(Date.now() / 1000) + 1;
      const socket = keep(rawSocket(door.url, { token: tokenFor(person, { exp }) }));
      await connected(socket);
      expect(await ask(socket, 'authentication', { token: tokenFor(person) })).toMatchObject({ ok: true });
      await new Promise((resolve) => setTimeout(resolve, exp * 1000 - Date.now() + 300));
      expect(await ask(socket, 'message', { content: 'x', recipient_id: 'y' })).toMatchObject({ ok: true });
      expect(door.registry.socketIds(idOf(person))).toHaveLength(1);
    });

    it('of somebody else is refused and changes nothing', async () => {
      const person = aParent();
      const socket = await enter(person);
      expect(await ask(socket, 'authentication', { token: tokenFor(aTeacher()) })).toEqual(refused('AUTH_FAILED'));
      door.send.mockClear();
      await ask(socket, 'message', { content: 'x', recipient_id: 'y' });
      expect(door.send).toHaveBeenCalledWith(
        expect.objectContaining({ userId: idOf(person), socketId: socket.id }),
        expect.anything(),
      );
    });

    it('far in the future is no timer overflow', async () => {
      const exp = Math.floor(Date.now() / 1000) + 90 * 86_400;
      const socket = keep(rawSocket(door.url, { token: tokenFor(aParent(), { exp }) }));
      await connected(socket);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(socket.connected).toBe(true);
    });
  });

  describe('events', () => {
    it('answers unknown names', async () => {
      const socket = await enter(aParent());
      for (const name of ['nothing', 'error', '__proto__', 'constructor', 'authenticated', '']) {
        expect(await ask(socket, name, {})).toEqual(refused('UNKNOWN_MESSAGE_TYPE'));
      }
      const answer = nextEvent(socket, 'error');
      emitRaw(socket, 'nothing');
      expect(await answer).toMatchObject({ error_code: 'UNKNOWN_MESSAGE_TYPE' });
    });

    it.each([
      [null],
      ['text'],
      [42],
      [[]],
      [{}],
      [{ content: 1 }],
      [{ content: '  ', recipient_id: 'y' }],
      [{ content: 'x', recipient_id: 'y', unknown: true }],
      [{ content: { $ne: null } }],
      [Buffer.from('x')],
      [{ content: Buffer.from('x'), recipient_id: 'y' }],
      [JSON.parse('{"content":"x","__proto__":{"a":1}}')],
      [JSON.parse(`{"content":"x","metadata":${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}}`)],
    ])('refuses malformed payload %#', async (payload) => {
      const socket = await enter(aParent());
      expect(await ask(socket, 'message', payload)).toEqual(refused('VALIDATION_FAILED'));
      const answer = nextEvent(socket, 'error');
      emitRaw(socket, 'message', payload);
      expect(await answer).toMatchObject({ error_code: 'VALIDATION_FAILED' });
    });

    it('takes an event without a payload and one with too many', async () => {
      const socket = await enter(aParent());
      const pong = nextEvent(socket, 'pong');
      emitRaw(socket, 'ping');
      expect(await pong).toEqual({ timestamp: expect.stringMatching(/^\d{4}-.*Z$/) as string });
      const error = nextEvent(socket, 'error');
      emitRaw(socket, 'message', 'a', 'b', 'c');
      expect(await error).toMatchObject({ error_code: 'VALIDATION_FAILED' });
    });

    it('answers a message with the whole of it, or with message_sent', async () => {
      const socket = await enter(aParent());
      expect(await ask(socket, 'message', { content: 'x', recipient_id: 'y' })).toEqual({ ok: true, data: SAMPLE });
      const sent = nextEvent(socket, 'message_sent');
      emitRaw(socket, 'message', { content: 'x', recipient_id: 'y' });
      expect(await sent).toMatchObject({ message_id: 'm1', seq: 7, status: 'sent', timestamp: 'then' });
    });

    it('says nothing of unexpected failures', async () => {
      const socket = await enter(aParent());
      door.send.mockRejectedValueOnce(new TypeError('secret text'));
      const answer = await ask(socket, 'message', { content: 'x', recipient_id: 'y' });
      expect(answer).toEqual(refused('PROCESSING_ERROR'));
      expect(JSON.stringify(answer)).not.toContain('secret');
      expect(await ask(socket, 'message_read', { message_id: 'x' })).toEqual(refused('VALIDATION_FAILED'));
    });
  });

  describe('limits', () => {
    it('counts connections per person and failures per address', async () => {
      const strict = await openDoor({ RATE_LIMIT_CONNECTIONS_PER_MINUTE: '2' });
      const token = tokenFor(aParent());
      for (let i = 0; i < 2; i++) await connected(keep(rawSocket(strict.url, { token })));
      expect(await refusal(keep(rawSocket(strict.url, { token })))).toMatchObject({
        error_code: 'RATE_LIMITED',
        details: { retry_after_ms: expect.any(Number) as number },
      });
      const codes: unknown[] = [];
      for (let i = 0; i < 3; i++)
        codes.push((await refusal(keep(rawSocket(strict.url, { token: 'x' }))))['error_code']);
      expect(codes).toEqual(['AUTH_FAILED', 'AUTH_FAILED', 'RATE_LIMITED']);
      await connected(keep(rawSocket(strict.url, { token: tokenFor(aParent()) })));
      await strict.app.close();
    });

    it('counts events per second', async () => {
      const strict = await openDoor({ RATE_LIMIT_EVENTS_PER_SECOND: '3' });
      const socket = keep(await connectAs(strict.url, aParent()));
      const answers = await Promise.all(Array.from({ length: 5 }, () => ask(socket, 'ping', {})));
      expect(answers.filter(({ ok }) => !ok)).toEqual([refused('RATE_LIMITED'), refused('RATE_LIMITED')]);
      expect(await ask(socket, 'message', { content: 'x', recipient_id: 'y' })).toMatchObject({ ok: true });
      await strict.app.close();
    });
  });

  describe('fan-out', () => {
    const message = SAMPLE as MessagePayload;

    it('reaches the devices of the recipients but the sending one', async () => {
      const [parent, teacher] = [aParent(), aTeacher()];
      const [a, a2, b, stranger] = await Promise.all([enter(parent), enter(parent), enter(teacher), enter(aTeacher())]);
      const heard: string[] = [];
      a.on('message_received', () => heard.push('a'));
      stranger.on('message_received', () => heard.push('stranger'));
      const arrivals = Promise.all([nextEvent(a2, 'message_received'), nextEvent(b, 'message_received')]);
      const recipientIds = [idOf(parent), idOf(teacher)];
      door.events.emit('message.created', { message, recipientIds, originSocketId: a.id });
      for (const arrival of await arrivals) expect(arrival).toEqual({ ...SAMPLE, timestamp: 'then' });
      door.events.emit('message.created', { message, recipientIds: [] });
      await ask(stranger, 'ping', {});
      await ask(a, 'ping', {});
      expect(heard).toEqual([]);
    });

    it('never reaches the empty state', async () => {
      const [parent, waiting] = [aParent(), await empty()];
      const heard: unknown[] = [];
      waiting.onAny((name) => heard.push(name));
      door.events.emit('message.created', { message, recipientIds: [idOf(parent)] });
      await ask(waiting, 'ping', {});
      expect(heard).toEqual([]);
    });

    it('ends the sockets of a person who was deactivated', async () => {
      const person = aParent();
      const all = await Promise.all([enter(person), enter(person)]);
      const ends = all.map((socket) => Promise.all([nextEvent(socket, 'unauthorized'), disconnected(socket)]));
      door.events.emit('user.deactivated', { userId: idOf(person) });
      door.events.emit('message.created', { message, recipientIds: [idOf(person)] });
      for (const [event] of await Promise.all(ends)) expect(event).toEqual({ reason: 'user_inactive' });
      expect(door.registry.isOnline(idOf(person))).toBe(false);
    });
  });

  it.each([
    ['many events', 2_000, 300],
    ['few and large ones', 200_000, 3],
  ])(
    'closes a reader that does not read %s, and goes on serving the others',
    async (_name, length, atOnce) => {
      const [slow, swift] = [aParent(), aTeacher()];
      const [lazy, quick] = [await enter(slow), await enter(swift)];
      const { ws } = lazy.io.engine.transport as unknown as { ws: { pause(): void; resume(): void } };
      ws.pause();
      const message = { ...SAMPLE, content: 'x'.repeat(length) } as unknown as MessagePayload;
      const flood = setInterval(() => {
        for (let i = 0; i < atOnce; i++) door.events.emit('message.created', { message, recipientIds: [idOf(slow)] });
      }, 5);
      await until(() => !door.registry.isOnline(idOf(slow)), 1000).finally(() => clearInterval(flood));
      expect(await ask(quick, 'ping', {})).toMatchObject({ ok: true });
      ws.resume();
    },
    20_000,
  );

  it.each([['websocket'], ['polling']])('tells who reads by %s any amount', async (transport) => {
    const person = aParent();
    const reader = keep(await connectAs(door.url, person, [transport]));
    for (let seq = 1; seq <= 8; seq++) {
      const heard = nextEvent(reader, 'message_received', (message) => message.seq === seq);
      const message = { ...SAMPLE, seq, content: 'x'.repeat(300_000) } as unknown as MessagePayload;
      door.events.emit('message.created', { message, recipientIds: [idOf(person)] });
      await heard;
    }
  });

  it('closes a reader by polling that asks for nothing more, but not for one answer, however large', async () => {
    const person = aParent();
    const url = `${door.url}/socket.io/?EIO=4&transport=polling`;
    const opened = await (await fetch(url)).text();
    const { sid } = JSON.parse(opened.slice(1)) as { sid: string };
    const session = `${url}&sid=${sid}`;
    await fetch(session, { method: 'POST', body: `40${JSON.stringify({ token: tokenFor(person) })}` });
    await until(() => door.registry.isOnline(idOf(person)));
    await (await fetch(session)).text();
    const tell = (length: number): void => {
      const message = { ...SAMPLE, content: 'x'.repeat(length) } as unknown as MessagePayload;
      door.events.emit('message.created', { message, recipientIds: [idOf(person)] });
    };
    const read = async (): Promise<number> => {
      let length = 0;
      while (length < 2_000_000) length += (await (await fetch(session)).text()).length;
      return length;
    };
    tell(2_000_000);
    expect(await read()).toBeGreaterThan(2_000_000);
    expect(door.registry.isOnline(idOf(person))).toBe(true);
    tell(2_000_000);
    tell(1);
    await until(() => !door.registry.isOnline(idOf(person)));
  });

  it('closes its sockets when the service stops', async () => {
    const other = await openDoor();
    const open = await Promise.all(
      [['websocket'], ['polling'], undefined].map((transports) => connectAs(other.url, aParent(), transports)),
    );
    const ends = Promise.all(open.map(disconnected));
    const started = Date.now();
    await other.app.close();
    await ends;
    expect(Date.now() - started).toBeLessThan(3000);
  });
});
