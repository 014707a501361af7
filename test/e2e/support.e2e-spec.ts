import { aParent, aTeacher, anAdmin, idOf } from '../support/people';
import { School } from '../support/school';
import { ask, connectAs, nextEvent, type TestSocket } from '../support/socket-client';
import { startTestApp, type TestApp } from '../support/test-app';
import type { TestPerson } from '../support/tokens';

describe('support conversations', () => {
  let service: TestApp;
  let school: School;
  const sockets: TestSocket[] = [];
  const enter = async (person: TestPerson): Promise<TestSocket> => {
    const socket = await connectAs(service.url, person);
    sockets.push(socket);
    return socket;
  };
  beforeAll(async () => {
    service = await startTestApp();
    school = new School(service);
  }, 60_000);
  afterEach(() => sockets.splice(0).forEach((socket) => socket.close()));
  afterAll(() => service.stop());

  it('are opened by anyone without naming anybody, and reach every administrator live', async () => {
    const [parent, admin] = [aParent(), anAdmin()];
    const [a, p] = [await enter(admin), await enter(parent)];
    const told = nextEvent(a, 'conversation_created');
    const made = await school.make(parent, { conversation_type: 'support', title: 'Cantine' });
    expect([made.status, made.body]).toMatchObject([
      201,
      { conversation_type: 'support', participants: [idOf(parent)], title: 'Cantine', created_by: idOf(parent) },
    ]);
    const id = made.body.conversation_id ?? '';
    expect(await told).toMatchObject({ conversation_id: id, unread_count: 0 });

    const arrived = nextEvent(a, 'message_received');
    await school.send(parent, id, 'une question');
    expect(await arrived).toMatchObject({ conversation_id: id, content: 'une question' });
    expect(await school.listed(admin, id)).toMatchObject({ unread_count: 1 });
    const answered = nextEvent(p, 'message_received');
    const ack = await ask(a, 'message', { conversation_id: id, content: 'une réponse' });
    expect(ack).toMatchObject({ ok: true, data: { seq: 2 } });
    expect(await answered).toMatchObject({ content: 'une réponse' });
    expect(await school.listed(admin, id)).toMatchObject({ unread_count: 0 });
    expect(await school.listed(parent, id)).toMatchObject({ unread_count: 1, participants: [idOf(parent)] });
  });

  it('tell every administrator live what is edited and deleted there', async () => {
    const [parent, admin] = [aParent(), anAdmin()];
    const id = await school.support(parent);
    const { message_id } = (await school.send(parent, id, 'une question')).body;
    const socket = await enter(admin);
    const [edited, deleted] = [nextEvent(socket, 'message_updated'), nextEvent(socket, 'message_deleted')];
    const path = `/api/v1/messages/${message_id}`;
    await service.call('PATCH', path, { as: parent, body: { content: 'ma question' } });
    expect(await edited).toMatchObject({ message_id, content: 'ma question' });
    await service.call('DELETE', path, { as: parent });
    expect(await deleted).toMatchObject({ message_id });
  });

  it('are not for teachers, and not for other parents', async () => {
    const id = await school.support(aParent());
    for (const stranger of [aTeacher(), aParent()]) {
      expect((await school.get(stranger, id)).body.error_code).toBe('CONVERSATION_NOT_FOUND');
    }
  });

  it('an administrator named at the opening takes part by role only', async () => {
    const [parent, admin, teacher] = [aParent(), anAdmin(), aTeacher()];
    await school.meet(admin, teacher);
    const named = { conversation_type: 'support', participant_ids: [admin, teacher].map(idOf) };
    const made = await school.make(parent, named);
    expect(made.body.participants).toEqual([parent, teacher].map(idOf));
    await school.sync(admin, { role: 'parent' });
    expect((await school.get(admin, made.body.conversation_id ?? '')).status).toBe(404);
  });

  it('a person who becomes administrator takes part at once; what came before counts as read', async () => {
    const [parent, person] = [aParent(), aTeacher()];
    await school.meet(person);
    const id = await school.support(parent);
    await school.send(parent, id, 'avant');
    expect((await school.get(person, id)).status).toBe(404);
    await school.sync(person, { role: 'admin' });
    expect(await school.listed(person, id)).toMatchObject({ unread_count: 0, last_seq: 1 });
    await school.send(parent, id, 'après');
    expect(await school.listed(person, id)).toMatchObject({ unread_count: 1 });
    expect((await school.history(person, id)).body.messages).toHaveLength(2);
  });

  it('counts as unread what comes after the role began, before the administrator has ever looked', async () => {
    const [parent, person] = [aParent(), aTeacher()];
    await school.meet(person);
    const id = await school.support(parent);
    for (const text of ['1', '2', '3', '4', '5']) await school.send(parent, id, text);
    await school.sync(person, { role: 'admin' });
    for (const text of ['6', '7', '8']) await school.send(parent, id, text);
    expect(await school.listed(person, id, '?unread=true')).toMatchObject({ unread_count: 3 });
  });

  describe('of an administrator whose role ended and began again', () => {
    /** One message that they read, two while the role is away, one after it. */
    const stage = async () => {
      const [parent, admin] = [aParent(), anAdmin()];
      await school.meet(admin);
      const id = await school.support(parent);
      await school.send(parent, id, 'lu');
      await service.call('POST', `/api/v1/messages/conversations/${id}/read`, { as: admin });
      await school.sync(admin, { role: 'teacher' });
      for (const text of ['pendant', 'pendant']) await school.send(parent, id, text);
      await school.sync(admin, { role: 'admin' });
      return { parent, admin, id };
    };
    const readOf = async (as: TestPerson, id: string) =>
      (await school.history(as, id)).body.messages?.map(({ is_read }) => is_read);

    it('what was written meanwhile counts as read, what comes after it does not', async () => {
      const { parent, admin, id } = await stage();
      expect(await school.listed(admin, id)).toMatchObject({ unread_count: 0 });
      expect(await school.listed(admin, id, '?unread=true')).toBeUndefined();
      await school.send(parent, id, 'après');
      expect(await school.listed(admin, id, '?unread=true')).toMatchObject({ unread_count: 1 });
      expect(await readOf(admin, id)).toEqual([true, true, true, false]);
    });

    it('so it does where they ask first what is unread', async () => {
      const { parent, admin, id } = await stage();
      expect(await school.listed(admin, id, '?unread=true')).toBeUndefined();
      const { body } = await service.call('GET', '/api/v1/messages/stats', { as: admin });
      expect(body['unread_messages']).toBe(0);
      await school.send(parent, id, 'après');
      expect(await school.listed(admin, id, '?unread=true')).toMatchObject({ unread_count: 1 });
    });

    it('the opener is told what was read in truth: the message from before, and none of those meanwhile', async () => {
      const { parent, admin, id } = await stage();
      await school.get(admin, id);
      expect(await readOf(parent, id)).toEqual([true, false, false]);
      await service.call('POST', `/api/v1/messages/conversations/${id}/read`, { as: admin });
      expect(await readOf(parent, id)).toEqual([true, true, true]);
    });
  });

  describe('what the opener is told of a message', () => {
    const sent = { status: 'sent', is_read: false, read_at: null };
    const delivered = { status: 'delivered', is_read: false, read_at: null };
    const read = { status: 'read', is_read: true, read_at: expect.any(String) as string };
    const open = async (opener: TestPerson, admins: TestPerson[], added: TestPerson[] = []): Promise<string> => {
      await school.meet(opener, ...admins, ...added);
      const made = await school.make(opener, { conversation_type: 'support', participant_ids: added.map(idOf) });
      return made.body.conversation_id ?? '';
    };
    const write = async (as: TestPerson, id: string): Promise<string> =>
      (await school.send(as, id)).body.message_id ?? '';
    const readAll = (as: TestPerson, id: string) =>
      service.call('POST', `/api/v1/messages/conversations/${id}/read`, { as });
    const receive = async (as: TestPerson, message_id: string): Promise<void> => {
      expect(await ask(await enter(as), 'message_delivered', { message_id })).toMatchObject({ ok: true });
    };
    /** By itself and in the history, which have to agree. */
    const told = async (as: TestPerson, id: string, message_id: string) => {
      const { status, is_read, read_at } = (await service.call('GET', `/api/v1/messages/${message_id}`, { as })).body;
      const listed = (await school.history(as, id)).body.messages?.find((one) => one.message_id === message_id);
      expect(listed).toMatchObject({ status, is_read, read_at });
      return { status, is_read, read_at };
    };

    it('is nothing of what people do who were added', async () => {
      const [parent, teacher, admin] = [aParent(), aTeacher(), anAdmin()];
      const id = await open(parent, [admin], [teacher]);
      const message = await write(parent, id);
      await readAll(teacher, id);
      expect(await told(parent, id, message)).toEqual(sent);
      await school.get(admin, id);
      expect(await told(parent, id, message)).toEqual(sent);
      await receive(admin, message);
      expect(await told(parent, id, message)).toEqual(delivered);
    });

    it('is that any administrator has read it, although nobody else has', async () => {
      const [parent, teacher, admin, other] = [aParent(), aTeacher(), anAdmin(), anAdmin()];
      const id = await open(parent, [admin, other], [teacher]);
      const message = await write(parent, id);
      await school.get(other, id);
      await readAll(admin, id);
      expect(await told(parent, id, message)).toEqual(read);
    });

    it('is that any administrator has received it, although another has read further', async () => {
      const [parent, reader, receiver] = [aParent(), anAdmin(), anAdmin()];
      const id = await open(parent, [reader, receiver]);
      await write(parent, id);
      await readAll(reader, id);
      const message = await write(parent, id);
      await receive(receiver, message);
      expect(await told(parent, id, message)).toEqual(delivered);
    });

    it('stays the first reading when another administrator overtakes', async () => {
      const [parent, first, second] = [aParent(), anAdmin(), anAdmin()];
      const id = await open(parent, [first, second]);
      const message = await write(parent, id);
      await readAll(first, id);
      const before = await told(parent, id, message);
      await write(parent, id);
      await readAll(second, id);
      expect(await told(parent, id, message)).toEqual(before);
    });

    it('is not what a person is told who was added: there the opener and an administrator have to have read', async () => {
      const [parent, teacher, admin] = [aParent(), aTeacher(), anAdmin()];
      const id = await open(parent, [admin], [teacher]);
      const message = await write(teacher, id);
      await readAll(parent, id);
      expect(await told(teacher, id, message)).toEqual(sent);
      await readAll(admin, id);
      expect(await told(teacher, id, message)).toEqual(read);
    });
  });

  it('end for an administrator with the role, on open sockets as well', async () => {
    const [parent, admin] = [aParent(), anAdmin()];
    const id = await school.support(parent);
    const [socket, p] = [await enter(admin), await enter(parent)];
    const arrived = nextEvent(socket, 'message_received');
    await school.send(parent, id, 'avant');
    await arrived;
    await school.sync(admin, { role: 'teacher' });
    let heard = 0;
    socket.onAny(() => (heard += 1));
    await ask(p, 'message', { conversation_id: id, content: 'après' });
    const ack = await ask(socket, 'message', { conversation_id: id, content: 'encore là' });
    expect(ack).toMatchObject({ ok: false, error: { error_code: 'CONVERSATION_NOT_FOUND' } });
    expect(heard).toBe(0);
    expect((await school.history(admin, id)).status).toBe(404);
    expect(await school.listed(admin, id)).toBeUndefined();
  });

  it('stand among an administrator’s other conversations in one list, latest first, each once', async () => {
    const admin = anAdmin();
    const people = Array.from({ length: 3 }, () => aParent());
    await school.meet(admin, ...people);
    const ids: string[] = [];
    for (const person of people) {
      const support = await school.support(person);
      await school.send(person, support);
      const direct = await school.make(admin, { conversation_type: 'direct', participant_ids: [idOf(person)] });
      await school.send(admin, direct.body.conversation_id ?? '');
      ids.unshift(direct.body.conversation_id ?? '', support);
    }
    const own = await school.support(admin);
    const first = await school.list(admin, '?limit=4');
    const second = await school.list(admin, '?limit=4&page=2');
    const listed = [first, second].flatMap(({ body }) => body.conversations ?? []).map((c) => c.conversation_id);
    expect(listed.slice(0, 7)).toEqual([own, ...ids]);
    expect(new Set(listed).size).toBe(listed.length);
    const everything = await school.list(admin, '?limit=50');
    expect(first.body.total_count).toBe(everything.body.conversations?.length);
  });
});
