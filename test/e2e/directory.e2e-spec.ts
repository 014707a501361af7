import type { Type } from '@nestjs/common';
import { getModelToken } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { AuditDocument } from '../../src/audit/persistence/audit.schema';
import { AppConfig } from '../../src/config/app-config';
import { Locks } from '../../src/database/locks';
import { DirectorySync } from '../../src/directory/directory-sync';
import { UsersService } from '../../src/users/users.service';
import { aParent, aStudent, aTeacher, anAdmin, idOf } from '../support/people';
import { FakeSibling } from '../support/sibling';
import { ask, connectAs, connected, nextEvent, rawSocket, type TestSocket } from '../support/socket-client';
import { startTestApp, type TestApp } from '../support/test-app';
import { MINUTE_MS, TestClock } from '../support/test-clock';
import { signRaw, tokenFor, type TestPerson } from '../support/tokens';

const SYNC_TOKEN = 'the-token-of-the-lists';
let stranger = 0;
const newId = (): string => `stranger-${(stranger += 1)}`;

/** A socket whose token outlives the time that these tests let pass. */
async function connectForLong(url: string, person: TestPerson): Promise<TestSocket> {
  const socket = rawSocket(url, { token: tokenFor(person, { exp: Math.floor(Date.now() / 1000) + 30 * 86_400 }) });
  await connected(socket);
  return socket;
}

describe('the directory', () => {
  const clock = new TestClock();
  const userService = new FakeSibling();
  let service: TestApp;
  beforeAll(async () => {
    await userService.start();
    service = await startTestApp(
      { USER_SERVICE_URL: userService.url, DIRECTORY_SYNC_MINUTES: '60', DIRECTORY_SYNC_TOKEN: SYNC_TOKEN },
      clock,
    );
    await service.app.get(DirectorySync).look(); // the one of the start
  }, 60_000);
  afterAll(async () => {
    await service.stop();
    await userService.stop();
  });
  /** The circuit breaker of the test before has had its pause. */
  beforeEach(() => {
    clock.advance(MINUTE_MS);
    userService.answers = {};
    userService.requests.length = 0;
  });

  const send = (as: TestPerson, to: string, content = 'bonjour') =>
    service.call('POST', '/api/v1/messages/send', { as, body: { recipient_id: to, content } });
  const meet = (as: TestPerson) => service.call('GET', '/api/v1/messages/conversations', { as });
  const sync = (users: object[], as: TestPerson | string = anAdmin()) =>
    service.call('PUT', '/api/v1/users', { as, body: { users } });
  const person = (id: string, fields: object = {}) => ({
    user_id: id,
    username: id,
    display_name: `Name of ${id}`,
    role: 'teacher',
    ...fields,
  });
  const knows = (id: string, fields: object = {}): void => {
    userService.answers[`/api/v1/users/${id}`] = () => ({ body: person(id, fields) });
  };

  describe('asking user-service about somebody unknown', () => {
    it('learns the person, asked in the name of the sender, and asks once', async () => {
      const [parent, id] = [aParent(), newId()];
      knows(id, { id: undefined, role: 'enseignant' });
      const token = tokenFor(parent);
      const sent = await service.call('POST', '/api/v1/messages/send', {
        as: token,
        body: { recipient_id: id, content: 'bonjour' },
      });
      expect(sent.status).toBe(201);
      expect((await send(parent, id)).status).toBe(201);
      expect(userService.asked(`/api/v1/users/${id}`).map(({ authorization }) => authorization)).toEqual([
        `Bearer ${token}`,
      ]);
    });

    it('asks in the name of a socket too', async () => {
      const [parent, id] = [aParent(), newId()];
      knows(id);
      const socket = await connectForLong(service.url, parent);
      expect(await ask(socket, 'message', { recipient_id: id, content: 'bonjour' })).toMatchObject({ ok: true });
      socket.close();
    });

    it('applies the matrix to the role it learns: students do not write to students', async () => {
      const id = newId();
      knows(id, { role: 'etudiant' });
      expect((await send(aStudent(), id)).body.error_code).toBe('ROLE_NOT_ALLOWED');
    });

    it('refuses to write to a person whom user-service calls inactive', async () => {
      const id = newId();
      knows(id, { is_active: false });
      const refused = await send(aParent(), id);
      expect([refused.status, refused.body.error_code]).toEqual([403, 'FORBIDDEN']);
    });

    it('accepts numbers as ids and a name in two parts', async () => {
      const id = String(4_000_000 + (stranger += 1));
      userService.answers[`/api/v1/users/${id}`] = () => ({
        body: { id: Number(id), username: 'p.durand', first_name: 'Paul', last_name: 'Durand', role: 'parent' },
      });
      const sent = await send(aTeacher(), id);
      expect(sent.status).toBe(201);
    });

    it.each([
      ['404', () => ({ status: 404, body: { detail: 'Not Found' } })],
      ['401', () => ({ status: 401, body: { detail: 'who?' } })],
      ['500', () => ({ status: 500, raw: 'Internal Server Error' })],
      ['what is not JSON', () => ({ raw: '<html>' })],
      ['a list', () => ({ body: [person('x')] })],
      ['somebody else', () => ({ body: person('x') })],
      ['a role nobody knows', () => ({ body: person('ID', { role: 'principal' }) })],
      ['a service', () => ({ body: person('ID', { role: 'service' }) })],
      ['nobody: it hangs up', () => 'hang up' as const],
    ])('answers RECIPIENT_NOT_FOUND when user-service answers %s', async (_what, answer) => {
      const id = newId();
      userService.answers[`/api/v1/users/${id}`] = () => {
        const given = answer();
        if (given === 'hang up') return given;
        return JSON.parse(JSON.stringify(given).replace('"ID"', `"${id}"`)) as { status: number };
      };
      const refused = await send(aParent(), id);
      expect([refused.status, refused.body.error_code]).toEqual([404, 'RECIPIENT_NOT_FOUND']);
    });

    it('does not wait longer than two seconds for it', async () => {
      const id = newId();
      userService.answers[`/api/v1/users/${id}`] = () => 'hang';
      expect((await send(aParent(), id)).body.error_code).toBe('RECIPIENT_NOT_FOUND');
    }, 4_500);

    it('remembers a miss for 30 s, and an answer for 5 min', async () => {
      const [parent, id] = [aParent(), newId()];
      await send(parent, id);
      await send(parent, id);
      expect(userService.asked(`/api/v1/users/${id}`)).toHaveLength(1);
      knows(id);
      clock.advance(30_000);
      expect((await send(parent, id)).status).toBe(201);
      knows(id, { role: 'parent' });
      clock.advance(4 * MINUTE_MS);
      expect((await send(parent, id)).status).toBe(201);
      clock.advance(MINUTE_MS);
      expect((await send(parent, id)).body.error_code).toBe('ROLE_NOT_ALLOWED');
    });

    it('stops asking a service that keeps failing, and asks again after a pause', async () => {
      const ids = Array.from({ length: 9 }, newId);
      for (const id of ids) userService.answers[`/api/v1/users/${id}`] = () => ({ status: 500, raw: '' });
      const parent = aParent();
      for (const id of ids) expect((await send(parent, id)).status).toBe(404);
      expect(userService.requests).toHaveLength(5);
      knows(ids[8] ?? '');
      clock.advance(10_000);
      expect((await send(parent, ids[8] ?? '')).status).toBe(201);
    });

    it.each(['hang', 'hang up', 'stopped'] as const)(
      'that service being down (%s) never fails a send between known people',
      async (how) => {
        const [parent, id] = [aParent(), newId()];
        knows(id);
        expect((await send(parent, id)).status).toBe(201);
        if (how === 'stopped') await userService.stop();
        else userService.answers[`/api/v1/users/${id}`] = () => how;
        clock.advance(10 * MINUTE_MS); // the answer is old: it is asked for again, in vain
        expect((await send(parent, id)).status).toBe(201);
        if (how === 'stopped') await userService.start();
      },
    );
  });

  describe('precedence of sources', () => {
    const roleOf = async (id: string): Promise<unknown> => {
      const sent = await send(anAdmin(), id);
      const conversation = await service.call('GET', `/api/v1/messages/conversations/${sent.body.conversation_id}`, {
        as: { user_id: id, role: 'parent', name: 'From Token' },
      });
      return conversation.body.participant_details?.find(({ user_id }) => user_id === id)?.role;
    };

    it('a token changes a role that user-service told, and none that the directory was told', async () => {
      const [looked, told] = [newId(), newId()];
      knows(looked, { role: 'teacher' });
      await send(anAdmin(), looked);
      await sync([person(told, { role: 'teacher' })]);
      expect([await roleOf(looked), await roleOf(told)]).toEqual(['parent', 'teacher']);
    });

    it('the last word on a person named twice in one call counts', async () => {
      const id = newId();
      await sync([person(id, { role: 'student' }), person(id, { role: 'teacher' })]);
      expect(await roleOf(id)).toBe('teacher');
    });
  });

  describe('a change of role', () => {
    it('acts at once on open sockets, and is audited with who made it', async () => {
      const [student, teacher, admin] = [aStudent(), aTeacher(), anAdmin()];
      await meet(student);
      const socket = await connectForLong(service.url, teacher);
      expect(await ask(socket, 'message', { recipient_id: idOf(student), content: 'a' })).toMatchObject({ ok: true });
      await sync([person(idOf(teacher), { role: 'student' })], admin);
      expect(await ask(socket, 'message', { recipient_id: idOf(student), content: 'b' })).toMatchObject({
        ok: false,
        error: { error_code: 'ROLE_NOT_ALLOWED' },
      });
      socket.close();
      const audit = service.app.get<Model<AuditDocument>>(getModelToken(AuditDocument.name), { strict: false });
      const entries = await audit.find({ subject_id: idOf(teacher) }).lean<AuditDocument[]>();
      expect(entries).toMatchObject([
        { action: 'role.changed', actor_id: idOf(admin), details: { from: 'teacher', to: 'student' } },
      ]);
    });

    it('is not audited when nothing changes', async () => {
      const id = newId();
      await sync([person(id)]);
      await sync([person(id, { display_name: 'Another Name' })]);
      const audit = service.app.get<Model<AuditDocument>>(getModelToken(AuditDocument.name), { strict: false });
      expect(await audit.countDocuments({ subject_id: id })).toBe(0);
    });
  });

  describe('a deactivated person', () => {
    it('loses sockets and tokens at once and cannot be written to; activation brings them back', async () => {
      const [parent, teacher] = [aParent(), aTeacher()];
      await meet(parent);
      const socket = await connectForLong(service.url, parent);
      const told = nextEvent(socket, 'unauthorized');
      const closed = new Promise((resolve) => socket.once('disconnect', resolve));
      const fields = { role: 'parent' };
      await sync([person(idOf(parent), { ...fields, is_active: false })]);
      expect(await told).toEqual({ reason: 'user_inactive' });
      await closed;
      expect((await meet(parent)).body.error_code).toBe('AUTH_FAILED');
      await expect(connectAs(service.url, parent)).rejects.toMatchObject({ data: { error_code: 'AUTH_FAILED' } });
      expect((await send(teacher, idOf(parent))).body.error_code).toBe('FORBIDDEN');
      await sync([person(idOf(parent), { ...fields, is_active: true })]);
      expect((await meet(parent)).status).toBe(200);
      expect((await send(teacher, idOf(parent))).status).toBe(201);
    });
  });

  describe('reading the lists of user-service', () => {
    const rows = (prefix: string, count: number) =>
      Array.from({ length: count }, (_, i) => ({
        id: i,
        user_id: `${prefix}-${i}`,
        first_name: 'Zoé',
        last_name: `Liste ${i}`,
        email: `${prefix}-${i}@school.example`,
        is_active: true,
      }));
    const page =
      (all: object[]) =>
      ({ query }: { query: URLSearchParams }) => ({
        body: all.slice(Number(query.get('skip')), Number(query.get('skip')) + Number(query.get('limit'))),
      });
    const due = async (): Promise<void> => {
      clock.advance(60 * MINUTE_MS);
      await service.app.get(DirectorySync).look();
    };

    it('pages through them; each role is the list’s; who is on two lists has the role of the first', async () => {
      const teachers = rows('lt', 3);
      userService.answers = {
        '/students': page([...rows('ls', 1000), { user_id: null, first_name: 'Without', last_name: 'Account' }]),
        '/teachers': page(teachers),
        '/parents': page([...rows('lp', 2), ...teachers.slice(0, 1)]),
      };
      await due();
      const seen = userService.asked('/students');
      expect(seen.map(({ query }) => query.get('skip'))).toEqual(['0', '1000']);
      expect(new Set(userService.requests.map(({ authorization }) => authorization))).toEqual(
        new Set([`Bearer ${SYNC_TOKEN}`]),
      );
      expect((await send(aStudent(), 'ls-999')).body.error_code).toBe('ROLE_NOT_ALLOWED');
      expect((await send(aTeacher(), 'lt-0')).status).toBe(201);
      expect((await send(aParent(), 'lp-1')).body.error_code).toBe('ROLE_NOT_ALLOWED');
    });

    it('closes the sockets of whom a list calls inactive', async () => {
      const parent = aParent();
      const socket = await connectForLong(service.url, parent);
      const told = nextEvent(socket, 'unauthorized');
      const row = { user_id: idOf(parent), first_name: 'A', last_name: 'B', is_active: false };
      userService.answers = { '/students': page([]), '/teachers': page([]), '/parents': page([row]) };
      await due();
      expect(await told).toEqual({ reason: 'user_inactive' });
    });

    it('is done once in its interval, by one of two nodes that look at the same time', async () => {
      userService.answers = { '/students': page([]), '/teachers': page([]), '/parents': page([]) };
      clock.advance(60 * MINUTE_MS);
      const get = <T>(type: Type<T>): T => service.app.get(type, { strict: false });
      const second = new DirectorySync(get(AppConfig as Type<AppConfig>), get(UsersService), get(Locks), clock);
      await Promise.all([service.app.get(DirectorySync).look(), second.look()]);
      await service.app.get(DirectorySync).look();
      expect(userService.asked('/students')).toHaveLength(1);
    });

    it('a list that breaks leaves what was read and is tried again', async () => {
      userService.answers = { '/students': page(rows('br', 1)), '/teachers': () => ({ status: 500, raw: '' }) };
      await due();
      expect((await send(aTeacher(), 'br-0')).status).toBe(201);
      userService.answers = { '/students': page([]), '/teachers': page(rows('again', 1)), '/parents': page([]) };
      await service.app.get(DirectorySync).look();
      expect((await send(aParent(), 'again-0')).status).toBe(201);
    });

    it('a service that ignores `skip` is not read for ever', async () => {
      userService.answers = {
        '/students': () => ({ body: rows('same', 1000) }),
        '/teachers': page([]),
        '/parents': page([]),
      };
      await due();
      expect(userService.asked('/students')).toHaveLength(2);
    });
  });
});

describe('introspection', () => {
  const clock = new TestClock();
  const authService = new FakeSibling();
  const ME = '/api/v1/auth/roles/me';
  let service: TestApp;
  beforeAll(async () => {
    await authService.start();
    service = await startTestApp({ AUTH_INTROSPECTION: 'true', AUTH_SERVICE_URL: authService.url }, clock);
  }, 60_000);
  afterAll(async () => {
    await service.stop();
    await authService.stop();
  });
  beforeEach(() => {
    clock.advance(MINUTE_MS);
    authService.answers = {};
    authService.requests.length = 0;
  });

  const meet = (as: TestPerson | string) => service.call('GET', '/api/v1/messages/conversations', { as });
  const says = (person: TestPerson, fields: object = {}): void => {
    authService.answers[ME] = () => ({
      body: { user_id: person.user_id, username: 'u', role: person.role, is_active: true, ...fields },
    });
  };

  it('asks once a minute about a token, passing it on', async () => {
    const parent = aParent();
    const token = tokenFor(parent);
    says(parent);
    expect([(await meet(token)).status, (await meet(token)).status]).toEqual([200, 200]);
    expect(authService.asked(ME).map(({ authorization }) => authorization)).toEqual([`Bearer ${token}`]);
    clock.advance(MINUTE_MS);
    await meet(token);
    expect(authService.asked(ME)).toHaveLength(2);
  });

  it('its role stands above the token’s', async () => {
    const [asStudent, student] = [aParent(), aStudent()];
    says(student);
    await meet(student);
    says(asStudent, { role: 'etudiant' });
    await meet(asStudent);
    const body = { recipient_id: idOf(student), content: 'salut' };
    const sent = await service.call('POST', '/api/v1/messages/send', { as: asStudent, body });
    expect(sent.body.error_code).toBe('ROLE_NOT_ALLOWED');
  });

  it('refuses an inactive person, closes their sockets, and admits them when they are active again', async () => {
    const parent = aParent();
    const first = tokenFor(parent);
    says(parent);
    await meet(first);
    const socket = await connectForLong(service.url, parent);
    const told = nextEvent(socket, 'unauthorized');
    says(parent, { is_active: false });
    clock.advance(MINUTE_MS);
    expect((await meet(first)).body.error_code).toBe('AUTH_FAILED');
    expect(await told).toEqual({ reason: 'user_inactive' });
    says(parent);
    clock.advance(MINUTE_MS);
    expect((await meet(first)).status).toBe(200);
  });

  it('does not bring back whom the school deactivated', async () => {
    const [parent, admin] = [aParent(), anAdmin()];
    says(parent);
    await meet(parent);
    says(admin);
    const users = [{ user_id: idOf(parent), username: 'u', display_name: 'U', role: 'parent', is_active: false }];
    await service.call('PUT', '/api/v1/users', { as: admin, body: { users } });
    says(parent);
    clock.advance(MINUTE_MS);
    expect((await meet(parent)).body.error_code).toBe('AUTH_FAILED');
  });

  it('refuses a token that auth-service refuses', async () => {
    authService.answers[ME] = () => ({ status: 401, body: { detail: 'revoked' } });
    expect((await meet(aParent())).body.error_code).toBe('AUTH_FAILED');
  });

  it.each([
    ['is away', () => 'hang up' as const],
    ['has no such route', () => ({ status: 404, body: {} })],
    ['breaks', () => ({ status: 500, raw: 'x' })],
    ['answers nonsense', () => ({ raw: 'null' })],
    ['speaks of somebody else', () => ({ body: { user_id: 1, username: 'x', role: 'admin', is_active: false } })],
    ['hangs', () => 'hang' as const],
  ])('the signature decides when auth-service %s', async (_what, answer) => {
    authService.answers[ME] = answer;
    expect((await meet(aParent())).status).toBe(200);
    const forged = signRaw({ sub: 'x', role: 'parent', exp: 9e9 }, {}, 'another-key-that-is-long-enough-too');
    expect((await meet(forged)).status).toBe(401);
  });
});
