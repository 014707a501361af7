import type { OwnStatusPayload, UserStatusPayload } from '../../src/contract/payloads';
import { aParent, aStudent, aTeacher, anAdmin, idOf } from '../support/people';
import { connectAs } from '../support/socket-client';
import { startTestApp, type TestApp } from '../support/test-app';
import type { TestPerson } from '../support/tokens';

describe('people and presence', () => {
  let service: TestApp;
  beforeAll(async () => {
    // Nobody answers there: people who are unknown stay unknown.
    service = await startTestApp({ USER_SERVICE_URL: 'http://127.0.0.1:9' });
  }, 60_000);
  afterAll(() => service.stop());

  const get = async <T>(as: TestPerson, path: string): Promise<{ status: number; body: T; code: unknown }> => {
    const { status, text, body } = await service.call('GET', path, { as });
    return { status, body: JSON.parse(text) as T, code: body.error_code };
  };
  const search = (as: TestPerson, query: string) => get<UserStatusPayload[]>(as, `/api/v1/users?${query}`);
  const named = (people: UserStatusPayload[]): string[] => people.map(({ display_name }) => display_name);
  const tell = (users: object[]) => service.call('PUT', '/api/v1/users', { as: anAdmin(), body: { users } });
  const meet = (as: TestPerson) => service.call('GET', '/api/v1/messages/conversations', { as });
  let people = 0;
  const someone = (display_name: string, role: string, fields: object = {}) => {
    const user_id = `someone-${(people += 1)}`;
    return { user_id, username: user_id, display_name, role, email: `${user_id}@school.example`, ...fields };
  };

  describe('looking for people', () => {
    beforeAll(async () => {
      await tell([
        someone('Zélie Lefèvre', 'teacher'),
        someone('Zelia Lefevre-Martin', 'parent'),
        someone('Zélie Lefebvre', 'student'),
        someone('Zélie Partie', 'teacher', { is_active: false }),
        someone('Œrsted Søren', 'teacher'),
        someone('زينب المنصوري', 'teacher'),
      ]);
    });

    it.each([
      ['zelie lef', ['Zélie Lefebvre', 'Zélie Lefèvre']],
      ['ZÉLI', ['Zelia Lefevre-Martin', 'Zélie Lefebvre', 'Zélie Lefèvre']],
      ['lefevr', ['Zélie Lefèvre']],
      ['martin', ['Zelia Lefevre-Martin']],
      ['oers', ['Œrsted Søren']],
      ['زين', ['زينب المنصوري']],
      ['elie', []],
    ])('%s finds %p: by first or last name, without case and accents', async (q, expected) => {
      const { body } = await search(anAdmin(), `q=${encodeURIComponent(q)}`);
      expect(named(body).sort()).toEqual([...expected].sort());
    });

    it('shows those whom one may write to, and never an e-mail address', async () => {
      const { body } = await search(aStudent(), 'q=zel');
      expect(named(body)).toEqual(['Zelia Lefevre-Martin', 'Zélie Lefèvre']);
      expect(Object.keys(body[0] ?? {}).sort()).toEqual(
        ['avatar_url', 'display_name', 'last_seen', 'online_status', 'role', 'user_id', 'username'].sort(),
      );
      expect(named((await search(aStudent(), 'q=zel&role=teacher')).body)).toEqual(['Zélie Lefèvre']);
      expect((await search(aStudent(), 'q=zel&role=student')).body).toEqual([]);
    });

    it('holds the limit, and leaves oneself out', async () => {
      expect((await search(aTeacher(), 'q=zel&limit=2')).body).toHaveLength(2);
      const self: TestPerson = { user_id: 'self-1', role: 'teacher', name: 'Yvonne Seule' };
      await meet(self);
      expect((await search(self, 'q=yvonne')).body).toEqual([]);
      expect(named((await search(aParent(), 'q=yvonne')).body)).toEqual(['Yvonne Seule']);
    });

    it.each(['', 'q=z', 'q=%20%20z%20', 'q=zel&limit=51', 'q=zel&role=service', 'q=zel&who=1'])(
      'refuses ?%s',
      async (query) => expect((await search(aParent(), query)).status).toBe(400),
    );
  });

  describe('one person', () => {
    it('is shown to who may write to them; else it is as if they did not exist', async () => {
      const [student, other, teacher] = [aStudent(), aStudent(), aTeacher()];
      for (const person of [student, other, teacher]) await meet(person);
      expect((await get<UserStatusPayload>(student, `/api/v1/users/${idOf(teacher)}`)).body).toEqual({
        user_id: idOf(teacher),
        username: idOf(teacher),
        display_name: teacher.name,
        role: 'teacher',
        avatar_url: null,
        online_status: 'offline',
        last_seen: null,
      });
      for (const route of ['users', 'presence']) {
        for (const id of [idOf(other), 'nobody', '%00', 'x'.repeat(200)]) {
          const answer = await get(student, `/api/v1/${route}/${id}`);
          expect([answer.status, answer.code]).toEqual([404, 'RECIPIENT_NOT_FOUND']);
        }
      }
    });
  });

  describe('presence', () => {
    it('is one’s choice while connected, offline otherwise, with the time of leaving', async () => {
      const [parent, teacher] = [aParent(), aTeacher()];
      await meet(parent);
      const status = async () => (await get<UserStatusPayload>(teacher, `/api/v1/presence/${idOf(parent)}`)).body;
      const choose = (online_status: string) =>
        service.call('PUT', '/api/v1/presence/me', { as: parent, body: { online_status } });
      expect((await choose('busy')).body).toMatchObject({ online_status: 'offline' });
      const socket = await connectAs(service.url, parent);
      expect(await status()).toMatchObject({ online_status: 'busy', last_seen: null });
      expect((await choose('away')).body).toMatchObject({ online_status: 'away', active_connections: [socket.id] });
      expect(await status()).toMatchObject({ online_status: 'away' });
      socket.close();
      let left = await status();
      while (left.last_seen === null) left = await status();
      expect(left.online_status).toBe('offline');
      expect((await choose('offline')).status).toBe(400);
    });

    it('keeps each setting that is not given', async () => {
      const parent = aParent();
      const put = async (notification_settings: object) =>
        (await service.call('PUT', '/api/v1/presence/me', { as: parent, body: { notification_settings } })).status;
      expect(await put({ email_notifications: false })).toBe(200);
      expect(await put({ sound_notifications: false })).toBe(200);
      const { body } = await get<OwnStatusPayload>(parent, '/api/v1/presence/me');
      expect(body.notification_settings).toEqual({
        email_notifications: false,
        push_notifications: true,
        sound_notifications: false,
        desktop_notifications: true,
      });
      expect(await put({ email_notifications: 'no' })).toBe(400);
    });

    it('shows a classmate of a group, whom one may not write to', async () => {
      const [one, two, stranger, teacher] = [aStudent(), aStudent(), aStudent(), aTeacher()];
      for (const person of [one, two, stranger]) await meet(person);
      const body = { conversation_type: 'group', title: 'Classe', participant_ids: [idOf(one), idOf(two)] };
      const made = await service.call('POST', '/api/v1/messages/conversations', { as: teacher, body });
      const conversation_id = made.body.conversation_id;
      await service.call('POST', '/api/v1/messages/send', { as: teacher, body: { conversation_id, content: 'x' } });
      expect((await get(one, `/api/v1/presence/${idOf(two)}`)).status).toBe(200);
      expect((await get(one, `/api/v1/users/${idOf(two)}`)).status).toBe(404);
      expect((await get(one, `/api/v1/presence/${idOf(stranger)}`)).status).toBe(404);
      const sockets = await Promise.all([two, stranger, teacher].map((person) => connectAs(service.url, person)));
      const online = async (scope: string): Promise<string[]> => {
        const path = `/api/v1/messages/online-users?scope=${scope}&limit=500`;
        return (await get<UserStatusPayload[]>(one, path)).body.map(({ user_id }) => user_id);
      };
      expect((await online('contacts')).sort()).toEqual([idOf(two), idOf(teacher)].sort());
      const parent = await connectAs(service.url, aParent());
      const all = await online('all');
      expect(all).toHaveLength(3);
      expect(all).not.toContain(idOf(stranger));
      for (const socket of [...sockets, parent]) socket.close();
    });

    it('shows who asks for support the administrators, who take part by their role', async () => {
      const [student, admin] = [aStudent(), anAdmin()];
      await meet(admin);
      const body = { conversation_type: 'support', title: 'Aide' };
      const { conversation_id } = (await service.call('POST', '/api/v1/messages/conversations', { as: student, body }))
        .body;
      await service.call('POST', '/api/v1/messages/send', { as: admin, body: { conversation_id, content: 'x' } });
      const socket = await connectAs(service.url, admin);
      const { body: online } = await get<UserStatusPayload[]>(student, '/api/v1/messages/online-users');
      expect(online.map(({ user_id }) => user_id)).toEqual([idOf(admin)]);
      expect((await get(student, `/api/v1/presence/${idOf(admin)}`)).status).toBe(200);
      socket.close();
    });
  });

  it('counts connections for administrators only', async () => {
    const socket = await connectAs(service.url, aParent());
    const path = '/api/v1/messages/websocket/stats';
    const { body } = await get<Record<string, number>>(anAdmin(), path);
    expect(Object.keys(body).sort()).toEqual(
      ['active_conversations', 'authenticated_connections', 'total_connections', 'typing_users', 'users_online'].sort(),
    );
    expect(body['users_online']).toBeGreaterThanOrEqual(1);
    expect((await get(aTeacher(), path)).code).toBe('FORBIDDEN');
    socket.close();
  });
});
