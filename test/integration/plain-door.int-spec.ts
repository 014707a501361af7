import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import type { ClientOptions } from 'ws';
import { AuthService } from '../../src/auth/auth.service';
import type { MessagePayload } from '../../src/contract/payloads';
import { type Door, KNOWN_CONVERSATION, openDoor, SAMPLE } from '../support/door';
import { aParent, aTeacher, idOf } from '../support/people';
import { PlainClient } from '../support/plain-client';
import { connectAs } from '../support/socket-client';
import { tokenFor, type TestPerson } from '../support/tokens';

const failed = (error_code: string): object => ({
  type: 'error',
  error_code,
  error_message: expect.any(String) as string,
});

describe('the plain WebSocket door', () => {
  let door: Door;
  const clients: PlainClient[] = [];
  const open = async (path: string, options?: ClientOptions, at = door): Promise<PlainClient> => {
    const client = await PlainClient.open(at.url, path, options);
    clients.push(client);
    return client;
  };
  const enter = async (person: TestPerson = aParent(), path = '/ws', at = door): Promise<PlainClient> => {
    const client = await PlainClient.as(at.url, person, path);
    clients.push(client);
    return client;
  };
  const until = async (condition: () => boolean): Promise<void> => {
    for (let i = 0; i < 200 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(condition()).toBe(true);
  };
  /** What came, and the code that ended it. */
  const end = async (client: PlainClient): Promise<[unknown[], number]> => {
    const code = await client.closed;
    return [client.frames, code];
  };
  beforeAll(async () => {
    door = await openDoor();
  });
  afterEach(async () => {
    clients.splice(0).forEach((client) => client.close());
    await until(() => door.registry.counts().total_connections === 0);
  });
  afterAll(() => door.app.close());

  /** The status line of an upgrade that is answered by HTTP. */
  const upgradeStatus = (path: string, headers: Record<string, string> = {}): Promise<string> =>
    new Promise((resolve, reject) => {
      const { port, hostname } = new URL(door.url);
      const socket = connect(Number(port), hostname);
      const extra = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
          `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${extra.join('')}\r\n`,
      );
      socket.once('data', (data) => {
        socket.destroy();
        resolve(data.toString().split('\r\n')[0] ?? '');
      });
      socket.once('error', reject);
    });

  describe('the upgrade', () => {
    it.each([
      '/',
      '/wsx',
      '/ws/other',
      '/ws/conversation',
      '/ws/conversation/a/b',
      '/socket.io',
      '/api/v1/messages',
      '//ws',
    ])('answers 404 for %s', async (path) => {
      expect(await upgradeStatus(path)).toBe('HTTP/1.1 404 Not Found');
    });

    it.each([
      ['https://school.example', '101 Switching Protocols'],
      ['https://evil.example', '403 Forbidden'],
      ['null', '403 Forbidden'],
    ])('checks the origin %s', async (origin, status) => {
      expect(await upgradeStatus('/ws', { origin })).toBe(`HTTP/1.1 ${status}`);
    });

    it('compresses nothing', async () => {
      const client = await open('/ws', { perMessageDeflate: true });
      expect(client.socket.extensions).toBe('');
    });
  });

  describe('the handshake', () => {
    it.each([
      ['not a token', 'not-a-token', 'AUTH_FAILED', 4401],
      ['an empty token', '', 'AUTH_FAILED', 4401],
      ['a sibling service', tokenFor({ user_id: 'attendance-service', role: 'service' }), 'FORBIDDEN', 4401],
    ])('answers %s with an error frame, then closes', async (_name, token, code, closeCode) => {
      expect(await end(await open(`/ws?token=${token}`))).toEqual([[failed(code)], closeCode]);
    });

    it('takes the token from the query or from Authorization', async () => {
      await enter();
      const headers = { authorization: `Bearer ${tokenFor(aParent())}` };
      await (await open('/ws', { headers })).ask({ type: 'ping' });
      expect(door.registry.counts()).toMatchObject({ authenticated_connections: 2 });
    });

    it('answers what a client sends before it is known who it is', async () => {
      const auth = door.app.get(AuthService);
      const caller = await auth.authenticate(tokenFor(aParent()));
      let decide: () => void = () => undefined;
      const decided = new Promise<typeof caller>((resolve) => (decide = () => resolve(caller)));
      const asked = jest.spyOn(auth, 'authenticate').mockReturnValueOnce(decided);
      const client = await open('/ws?token=slow');
      const answer = client.ask({ type: 'message', content: 'x', recipient_id: 'y' });
      // Written and, if it were read at once, answered or lost by now.
      await (await open('/ws')).ask({ type: 'ping' });
      expect([asked.mock.calls.length, client.frames]).toEqual([1, []]);
      decide();
      expect(await answer).toMatchObject({ type: 'message_sent' });
    });

    it('shares the five places of a person with Socket.IO', async () => {
      const person = aParent();
      const sockets = await Promise.all([connectAs(door.url, person), connectAs(door.url, person)]);
      for (let i = 0; i < 3; i++) await enter(person);
      expect(await end(await open(`/ws?token=${tokenFor(person)}`))).toEqual([[failed('TOO_MANY_CONNECTIONS')], 4429]);
      await expect(connectAs(door.url, person)).rejects.toMatchObject({ data: { error_code: 'TOO_MANY_CONNECTIONS' } });
      expect(await clients[0]?.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
      clients[0]?.close();
      await until(() => door.registry.socketIds(idOf(person)).length === 4);
      await enter(person);
      sockets.forEach((socket) => socket.close());
    });

    it('counts connections per person and failures per address, whichever door', async () => {
      const strict = await openDoor({ RATE_LIMIT_CONNECTIONS_PER_MINUTE: '2' });
      const token = tokenFor(aParent());
      for (let i = 0; i < 2; i++) await open(`/ws?token=${token}`, {}, strict);
      await until(() => strict.registry.counts().authenticated_connections === 2);
      expect(await end(await open(`/ws?token=${token}`, {}, strict))).toEqual([
        [{ ...failed('RATE_LIMITED'), details: { retry_after_ms: expect.any(Number) as number } }],
        4429,
      ]);
      for (const code of ['AUTH_FAILED', 'AUTH_FAILED', 'RATE_LIMITED']) {
        expect((await end(await open('/ws?token=x', {}, strict)))[0]).toMatchObject([failed(code)]);
      }
      await strict.app.close();
    });

    it('admits 200 of one address without a token at a time', async () => {
      const waiting = await Promise.all(Array.from({ length: 200 }, () => open('/ws')));
      await Promise.all(waiting.map((client) => client.ask({ type: 'ping' })));
      expect((await end(await open('/ws')))[1]).toBe(4429);
      await enter();
      waiting[0]?.close();
      await until(() => door.registry.counts().total_connections === 200);
      await (await open('/ws')).ask({ type: 'ping' });
    });
  });

  describe('the empty state', () => {
    it('answers authentication and ping only', async () => {
      const client = await open('/ws');
      expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
      expect(await client.ask({ type: 'message', content: 'x', recipient_id: 'y' })).toMatchObject(
        failed('AUTH_REQUIRED'),
      );
      expect(await client.ask({ type: 'nothing' })).toMatchObject(failed('AUTH_REQUIRED'));
      expect(await client.ask({ type: 'authentication', token: 'x' })).toMatchObject(failed('AUTH_FAILED'));
      expect(await client.ask({ type: 'authentication' })).toMatchObject(failed('VALIDATION_FAILED'));
    });

    it('is left by an authentication frame; what is sent right behind it is answered', async () => {
      const [client, person] = [await open('/ws'), aParent()];
      const entered = client.ask({ type: 'authentication', token: tokenFor(person) });
      const sent = client.ask({ type: 'message', content: 'x', recipient_id: 'y' });
      expect(await entered).toMatchObject({ type: 'authenticated', user_info: { user_id: idOf(person) } });
      expect(await sent).toMatchObject({ type: 'message_sent', message_id: 'm1' });
    });

    it('ends by itself with 4408', async () => {
      const hasty = await openDoor({}, 100);
      expect(await end(await open('/ws', {}, hasty))).toEqual([
        [{ type: 'unauthorized', reason: 'auth_timeout' }, failed('AUTH_REQUIRED')],
        4408,
      ]);
      await hasty.app.close();
    });
  });

  describe('a token', () => {
    it('ends its socket when it expires, unless it was renewed', async () => {
      const person = aParent();
      const exp = Math.ceil(Date.now() / 1000) + 1;
      const path = `/ws?token=${tokenFor(person, { exp })}`;
      const [left, renewed] = [await open(path), await open(path)];
      expect(await renewed.ask({ type: 'authentication', token: tokenFor(aTeacher()) })).toMatchObject(
        failed('AUTH_FAILED'),
      );
      await renewed.ask({ type: 'authentication', token: tokenFor(person) });
      expect(await end(left)).toEqual([
        [{ type: 'unauthorized', reason: 'token_expired' }, failed('AUTH_FAILED')],
        4401,
      ]);
      expect(await renewed.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    });

    it('of a person who was deactivated ends at once', async () => {
      const person = aParent();
      const client = await enter(person);
      door.events.emit('user.deactivated', { userId: idOf(person) });
      door.events.emit('message.created', { message: SAMPLE as MessagePayload, recipientIds: [idOf(person)] });
      const [frames, code] = await end(client);
      expect(frames.slice(1)).toEqual([{ type: 'unauthorized', reason: 'user_inactive' }, failed('AUTH_FAILED')]);
      expect(code).toBe(4401);
      expect(door.registry.isOnline(idOf(person))).toBe(false);
    });
  });

  describe('/ws/conversation/{id}', () => {
    const path = `/ws/conversation/${KNOWN_CONVERSATION}`;

    it('says so first, and fills in the conversation where a frame names none', async () => {
      const client = await enter(aParent(), path);
      expect(client.frames[0]).toEqual({
        type: 'success',
        message: expect.any(String) as string,
        data: { conversation_id: KNOWN_CONVERSATION },
      });
      const lastDto = (): unknown => (door.send.mock.lastCall as unknown[])[1];
      await client.ask({ type: 'message', content: 'x' });
      expect(lastDto()).toMatchObject({ conversation_id: KNOWN_CONVERSATION });
      await client.ask({ type: 'message', content: 'x', recipient_id: 'y' });
      expect(lastDto()).not.toHaveProperty('conversation_id');
      const other = randomUUID();
      await client.ask({ type: 'message', content: 'x', conversation_id: other });
      expect(lastDto()).toMatchObject({ conversation_id: other });
    });

    it('is refused with 4404 for a conversation that is not the caller’s, at the handshake and after a late entry', async () => {
      const unknown = `/ws/conversation/${randomUUID()}`;
      const early = await open(`${unknown}?token=${tokenFor(aParent())}`);
      expect(await end(early)).toEqual([[failed('CONVERSATION_NOT_FOUND')], 4404]);
      const late = await open(unknown);
      late.send({ type: 'authentication', token: tokenFor(aParent()) });
      const [frames, code] = await end(late);
      expect(frames).toMatchObject([{ type: 'authenticated' }, failed('CONVERSATION_NOT_FOUND')]);
      expect(code).toBe(4404);
    });

    it('opens after a late entry', async () => {
      const client = await open(path);
      client.send({ type: 'authentication', token: tokenFor(aParent()) });
      expect(await client.event('success')).toMatchObject({ data: { conversation_id: KNOWN_CONVERSATION } });
      expect(client.frames.map(({ type }) => type)).toEqual(['authenticated', 'success']);
    });
  });

  describe('frames', () => {
    it.each(['not json', '', '{"type":"ping"', '\ufeff{}'])('answers %p with INVALID_JSON', async (text) => {
      const client = await enter();
      client.send(text);
      expect(await client.event('error')).toEqual(failed('INVALID_JSON'));
    });

    it('answers binary with INVALID_JSON', async () => {
      const client = await enter();
      client.socket.send(Buffer.from('{"type":"ping"}'));
      expect(await client.event('error')).toEqual(failed('INVALID_JSON'));
    });

    it.each(['[]', '1', 'null', '"ping"', '{"type":"ping","request_id":{}}'])('refuses %s', async (text) => {
      const client = await enter();
      client.send(text);
      expect(await client.event('error')).toMatchObject(failed('VALIDATION_FAILED'));
    });

    it.each([{ type: 'nothing' }, {}, { type: 7 }, { type: '__proto__' }, { type: 'constructor' }, { type: 'error' }])(
      'answers %j with UNKNOWN_MESSAGE_TYPE',
      async (frame) => {
        expect(await (await enter()).ask(frame)).toMatchObject(failed('UNKNOWN_MESSAGE_TYPE'));
      },
    );

    it('names every failing field, and knows no others', async () => {
      const answer = await (await enter()).ask({ type: 'message', content: 1, unknown: true });
      expect(answer).toMatchObject({ ...failed('VALIDATION_FAILED'), details: { errors: expect.any(Array) as [] } });
      const { errors } = answer['details'] as { errors: { field: string }[] };
      expect(errors.map(({ field }) => field).sort()).toEqual(['content', 'conversation_id', 'unknown']);
    });

    it('says nothing of unexpected failures', async () => {
      door.send.mockRejectedValueOnce(new TypeError('secret text'));
      const answer = await (await enter()).ask({ type: 'message', content: 'x', recipient_id: 'y' });
      expect(answer).toMatchObject(failed('PROCESSING_ERROR'));
      expect(JSON.stringify(answer)).not.toContain('secret');
    });

    it('gives back any request_id, in numbers and text', async () => {
      const client = await enter();
      client.send({ type: 'ping', request_id: 0 });
      client.send({ type: 'nothing', request_id: 'é'.repeat(128) });
      expect(await client.next(({ request_id }) => request_id === 0)).toMatchObject({ type: 'pong' });
      expect(await client.event('error')).toMatchObject({ request_id: 'é'.repeat(128) });
    });

    it('speaks the language of the client', async () => {
      const english = await open('/ws?token=x', { headers: { 'accept-language': 'en' } });
      const french = await open('/ws?token=x');
      const texts = [(await end(english))[0], (await end(french))[0]].map((frames) => JSON.stringify(frames));
      expect(texts[0]).not.toBe(texts[1]);
    });
  });

  describe('limits', () => {
    it('closes after ten frames in a minute that nobody can understand, each of them answered', async () => {
      const client = await enter();
      for (let i = 0; i < 12; i++) client.send(i % 2 ? '{' : { type: 'nothing' });
      const [frames, code] = await end(client);
      expect(frames).toHaveLength(1 + 10 + 1);
      expect(frames.at(-1)).toMatchObject(failed('RATE_LIMITED'));
      expect(code).toBe(4429);
    });

    it('counts frames per second, messages excepted', async () => {
      const strict = await openDoor({ RATE_LIMIT_EVENTS_PER_SECOND: '3' });
      const client = await open(`/ws?token=${tokenFor(aParent())}`, {}, strict);
      const answers = await Promise.all(Array.from({ length: 5 }, () => client.ask({ type: 'ping' })));
      expect(answers.map(({ type }) => type).sort()).toEqual(['error', 'error', 'pong', 'pong', 'pong']);
      expect(await client.ask({ type: 'message', content: 'x', recipient_id: 'y' })).toMatchObject({
        type: 'message_sent',
      });
      await strict.app.close();
    });

    it('closes a frame above 64 KiB with 1009', async () => {
      const client = await enter();
      client.send({ type: 'message', content: 'x'.repeat(65_536), recipient_id: 'y' });
      expect(await client.closed).toBe(1009);
    });

    it('finds a client that answers no ping', async () => {
      const brisk = await openDoor({ WEBSOCKET_PING_INTERVAL: '1', WEBSOCKET_PING_TIMEOUT: '1' });
      const path = `/ws?token=${tokenFor(aParent())}`;
      const [mute, alive] = [await open(path, { autoPong: false }, brisk), await open(path, {}, brisk)];
      expect(await mute.closed).toBe(1006);
      expect(await alive.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
      await brisk.app.close();
    });

    it('closes a reader that does not read, and goes on serving the others', async () => {
      const [slow, swift] = [aParent(), aTeacher()];
      const [lazy, quick] = [await enter(slow), await enter(swift)];
      lazy.socket.pause();
      const message = { ...SAMPLE, content: 'x'.repeat(50_000) } as unknown as MessagePayload;
      const flood = setInterval(() => {
        for (let i = 0; i < 20; i++) door.events.emit('message.created', { message, recipientIds: [idOf(slow)] });
      }, 1);
      await until(() => !door.registry.isOnline(idOf(slow))).finally(() => clearInterval(flood));
      lazy.socket.resume();
      expect(await lazy.closed).toBe(1006);
      expect(await quick.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    });
  });

  describe('fan-out', () => {
    it('reaches both doors in the order of the events, but not the sending socket, strangers or the empty state', async () => {
      const [parent, teacher] = [aParent(), aTeacher()];
      const [p1, p2, stranger, waiting] = [await enter(parent), await enter(parent), await enter(), await open('/ws')];
      const socketIo = await connectAs(door.url, teacher);
      const seqs: number[] = [];
      socketIo.on('message_received', ({ seq }) => seqs.push(seq));
      await p1.ask({ type: 'message', content: 'x', recipient_id: 'y' });
      const [actor] = door.send.mock.lastCall as [{ socketId: string }];
      for (let seq = 1; seq <= 30; seq++) {
        const message = { ...SAMPLE, seq } as MessagePayload;
        const recipientIds = [idOf(parent), idOf(teacher)];
        door.events.emit('message.created', { message, recipientIds, originSocketId: actor.socketId });
      }
      await p2.next(({ type, seq }) => type === 'message_received' && seq === 30);
      await until(() => seqs.length === 30);
      const order = Array.from({ length: 30 }, (_, i) => i + 1);
      expect(seqs).toEqual(order);
      const received = p2.frames.filter(({ type }) => type === 'message_received');
      expect(received.map(({ seq }) => seq)).toEqual(order);
      expect(received[0]).toEqual({ type: 'message_received', ...SAMPLE, seq: 1, timestamp: 'then' });
      for (const client of [p1, stranger, waiting]) {
        await client.ask({ type: 'ping' });
        expect(client.frames.some(({ type }) => type === 'message_received')).toBe(false);
      }
      socketIo.close();
    });
  });

  it('says goodbye with 1001 when the service stops, after the answers that it owes', async () => {
    const other = await openDoor();
    const client = await open(`/ws?token=${tokenFor(aParent())}`, {}, other);
    await client.ask({ type: 'ping' });
    let finish: () => void = () => undefined;
    const stored = new Promise<void>((resolve) => (finish = resolve));
    other.send.mockImplementationOnce(() => stored.then(() => ({ message: SAMPLE, duplicate: false })));
    client.send({ type: 'message', content: 'x', recipient_id: 'y' });
    await until(() => other.send.mock.calls.length === 1);
    const stopped = other.app.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    finish();
    await stopped;
    const [frames, code] = await end(client);
    expect(frames.slice(1)).toMatchObject([{ type: 'message_sent' }, failed('DATABASE_UNAVAILABLE')]);
    expect(code).toBe(1001);
  });
});
