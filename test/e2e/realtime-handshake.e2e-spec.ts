import { aParent, aTeacher, anAdmin, idOf } from '../support/people';
import { ask, connectAs, connected, nextEvent, rawSocket, type TestSocket } from '../support/socket-client';
import { startTestApp, type TestApp } from '../support/test-app';
import { signRaw, tokenFor } from '../support/tokens';

/** With real signatures and the real directory; test/integration/realtime-door has the door alone, case by case. */
describe('the handshake', () => {
  let service: TestApp;
  const sockets: TestSocket[] = [];
  const open = (auth: Record<string, unknown> = {}): TestSocket => {
    const socket = rawSocket(service.url, auth);
    sockets.push(socket);
    return socket;
  };
  const refusal = async (socket: TestSocket): Promise<Record<string, unknown>> => {
    const error: unknown = await connected(socket).then(
      () => new Error('the socket was admitted'),
      (reason: unknown) => reason,
    );
    return (error as { data?: Record<string, unknown> }).data ?? { message: String(error) };
  };
  const disconnected = (socket: TestSocket): Promise<unknown> =>
    new Promise((resolve) => socket.once('disconnect', resolve));
  const code = (error_code: string): object => ({
    ok: false,
    error: expect.objectContaining({ error_code }) as unknown,
  });
  const inSeconds = (seconds: number): number => Math.ceil(Date.now() / 1000) + seconds;

  beforeAll(async () => {
    service = await startTestApp();
  }, 60_000);
  afterEach(() => sockets.splice(0).forEach((socket) => socket.close()));
  afterAll(() => service.stop());

  it.each<[string, () => string]>([
    ['another secret', () => signRaw({ sub: 'x', role: 'parent', exp: inSeconds(60) }, {}, 'y'.repeat(40))],
    ['no expiry', () => signRaw({ sub: 'x', role: 'parent' })],
    ['an expiry long ago', () => tokenFor(aParent(), { exp: inSeconds(-60) })],
    ['a refresh token', () => tokenFor(aParent(), { type: 'refresh' })],
    ['an unknown role', () => tokenFor({ user_id: 'x', role: 'headmaster' })],
    ['no signature', () => `${tokenFor(aParent()).split('.').slice(0, 2).join('.')}.`],
  ])('refuses a token with %s', async (_name, token) => {
    expect(await refusal(open({ token: token() }))).toMatchObject({ error_code: 'AUTH_FAILED' });
  });

  it('admits without a token to the empty state, which an authentication event ends', async () => {
    const [socket, person] = [open(), aParent()];
    await connected(socket);
    expect(await ask(socket, 'ping', {})).toMatchObject({ ok: true });
    expect(await ask(socket, 'message', { content: 'x' })).toEqual(code('AUTH_REQUIRED'));
    expect(await ask(socket, 'authentication', { token: 'wrong' })).toEqual(code('AUTH_FAILED'));
    expect(await ask(socket, 'authentication', { token: tokenFor(person) })).toMatchObject({
      ok: true,
      data: { user_info: { user_id: idOf(person), role: 'parent', display_name: person.name } },
    });
    expect(await ask(socket, 'message', {})).toEqual(code('VALIDATION_FAILED'));
    expect(await ask(socket, 'nothing', {})).toEqual(code('UNKNOWN_MESSAGE_TYPE'));
  });

  it('renews a token for the same person only', async () => {
    const person = aParent();
    const socket = open({ token: tokenFor(person, { exp: inSeconds(1) }) });
    await connected(socket);
    expect(await ask(socket, 'authentication', { token: tokenFor(aTeacher()) })).toEqual(code('AUTH_FAILED'));
    const renewed = { token: tokenFor(person, { exp: inSeconds(3) }) };
    expect(await ask(socket, 'authentication', renewed)).toMatchObject({ ok: true });
    await new Promise((resolve) => setTimeout(resolve, 2200));
    expect(socket.connected).toBe(true);
    const [event] = await Promise.all([nextEvent(socket, 'unauthorized'), disconnected(socket)]);
    expect(event).toEqual({ reason: 'token_expired' });
  }, 10_000);

  it('refuses a sixth socket and keeps the five', async () => {
    const person = aParent();
    const five = await Promise.all(Array.from({ length: 5 }, () => connectAs(service.url, person)));
    sockets.push(...five);
    expect(await refusal(open({ token: tokenFor(person) }))).toMatchObject({ error_code: 'TOO_MANY_CONNECTIONS' });
    expect(five.every((socket) => socket.connected)).toBe(true);
  });

  it('ends the sockets of a person whom the directory calls inactive', async () => {
    const person = aParent();
    const socket = await connectAs(service.url, person);
    sockets.push(socket);
    const ends = Promise.all([nextEvent(socket, 'unauthorized'), disconnected(socket)]);
    const user = { user_id: idOf(person), username: idOf(person), display_name: 'x', role: 'parent', is_active: false };
    const answer = await service.call('PUT', '/api/v1/users', { as: anAdmin(), body: { users: [user] } });
    expect(answer.status).toBe(200);
    expect((await ends)[0]).toEqual({ reason: 'user_inactive' });
    expect(await refusal(open({ token: tokenFor(person) }))).toMatchObject({ error_code: 'AUTH_FAILED' });
  });
});
