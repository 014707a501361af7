import { ConversationsRepository } from '../../src/conversations/conversations.repository';
import { MessagesRepository } from '../../src/message-store/messages.repository';
import { aParent, aStudent, aTeacher, anAdmin, idOf } from '../support/people';
import { School } from '../support/school';
import { ask, connectAs, nextEvent, type TestSocket } from '../support/socket-client';
import { startTestApp, type Answer, type TestApp } from '../support/test-app';

const refusal = ({ status, body }: Answer): unknown[] => [status, body.error_code];
const contents = ({ body }: Answer): unknown => body.messages?.map(({ content }) => content);

describe('participants of a group', () => {
  let service: TestApp;
  let school: School;
  const sockets: TestSocket[] = [];
  const enter = async (...args: Parameters<typeof connectAs> extends [string, ...infer Rest] ? Rest : never) => {
    const socket = await connectAs(service.url, ...args);
    sockets.push(socket);
    return socket;
  };
  beforeAll(async () => {
    service = await startTestApp({ MAX_GROUP_PARTICIPANTS: '4' });
    school = new School(service);
  }, 60_000);
  afterEach(() => sockets.splice(0).forEach((socket) => socket.close()));
  afterAll(() => service.stop());

  it.each([
    ['the newest page', ''],
    ['another page', '?before_seq=9'],
  ])('shows %s to nobody who is taken out while it is read', async (_name, query) => {
    const [teacher, parent] = [aTeacher(), aParent()];
    const id = await school.group([teacher, parent]);
    const messages = service.app.get(MessagesRepository, { strict: false });
    const read = messages.page.bind(messages);
    jest.spyOn(messages, 'page').mockImplementationOnce(async (range) => {
      await school.remove(teacher, id, parent);
      await school.send(teacher, id, 'entre nous');
      return read(range);
    });
    const answer = await service.call('GET', `/api/v1/messages/history/${id}${query}`, { as: parent });
    expect(refusal(answer)).toEqual([404, 'CONVERSATION_NOT_FOUND']);
  });

  describe('coming in', () => {
    it('gives the newcomer the conversation, tells the others who came, and starts at the last message', async () => {
      const [teacher, parent, late] = [aTeacher(), aParent(), aParent()];
      const id = await school.group([teacher, parent]);
      await school.meet(late);
      await school.send(teacher, id, 'avant');
      const [old, fresh] = [await enter(parent), await enter(late)];
      const events = [nextEvent(old, 'conversation_joined'), nextEvent(fresh, 'conversation_created')] as const;
      const added = await school.add(teacher, id, late, parent, late);
      expect([added.status, added.body.participants]).toEqual([200, [teacher, parent, late].map(idOf)]);
      expect(await events[0]).toEqual({ conversation_id: id, user_id: idOf(late) });
      expect(await events[1]).toMatchObject({
        conversation_id: id,
        unread_count: 0,
        last_seq: 1,
        participant_count: 3,
      });
      await school.send(parent, id, 'après');
      expect(await school.listed(late, id)).toMatchObject({ unread_count: 1, total_messages: 2 });
      expect(contents(await school.history(late, id))).toEqual(['avant', 'après']);
    });

    it('shows a newcomer nothing from before where the history is for those who were there', async () => {
      const [teacher, parent, late] = [aTeacher(), aParent(), aParent()];
      const id = await school.group([teacher, parent], { history: 'joined' });
      await school.meet(late);
      const before = await school.send(teacher, id, 'avant');
      const socket = await enter(late);
      const told = nextEvent(socket, 'conversation_created');
      await school.add(teacher, id, late);
      const nothing = { last_message_id: null, last_message_content: null, last_message_by: null, unread_count: 0 };
      expect(await told).toMatchObject(nothing);
      expect(await school.listed(late, id)).toMatchObject(nothing);
      expect((await school.get(late, id)).body).toMatchObject(nothing);
      expect(await school.listed(parent, id)).toMatchObject({ last_message_content: 'avant' });
      await school.send(teacher, id, 'après');
      expect(await school.listed(late, id)).toMatchObject({ last_message_content: 'après' });
      const page = await school.history(late, id);
      expect([contents(page), page.body.total_count]).toEqual([['après'], 1]);
      expect(await school.listed(late, id)).toMatchObject({ unread_count: 1 });
      const read = await service.call('POST', `/api/v1/messages/mark-read/${before.body.message_id}`, { as: late });
      expect(refusal(read)).toEqual([404, 'MESSAGE_NOT_FOUND']);
      expect(contents(await school.history(parent, id))).toEqual(['avant', 'après']);
    });

    it('who comes back does not see what was written meanwhile where the history is for those who were there', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await school.group([teacher, parent], { history: 'joined' });
      await school.remove(teacher, id, parent);
      await school.send(teacher, id, 'entre nous');
      await school.add(teacher, id, parent);
      await school.send(teacher, id, 'de retour');
      expect(contents(await school.history(parent, id))).toEqual(['de retour']);
      expect(await school.listed(parent, id)).toMatchObject({ unread_count: 1 });
    });

    it('tells nobody how far others are with messages from before they came, or came back', async () => {
      const [teacher, parent, back, late] = [aTeacher(), aParent(), aParent(), aParent()];
      const id = await school.group([teacher, parent, back], { history: 'joined' });
      await school.meet(late);
      const own = (await school.send(back, id, 'moi')).body;
      const before = (await school.send(teacher, id, 'avant')).body;
      await school.remove(teacher, id, back);
      await school.add(teacher, id, back, late);
      const [t, p] = [await enter(teacher), await enter(parent)];
      const heard: unknown[] = [];
      const listening = [await enter(back), await enter(late)];
      for (const socket of listening) {
        for (const event of ['message_read', 'message_delivered'] as const) {
          socket.on(event, ({ seq }: { seq: number }) => heard.push([event, seq]));
        }
      }
      const told = [nextEvent(t, 'message_delivered'), nextEvent(t, 'message_read', ({ seq }) => seq === 1)];
      await ask(p, 'message_delivered', { message_id: own.message_id });
      await ask(p, 'message_read', { message_id: own.message_id });
      await ask(p, 'message_delivered', { message_id: before.message_id });
      await Promise.all(told);
      const known = listening.map((socket) => nextEvent(socket, 'message_read', ({ seq }) => seq === 3));
      await school.send(parent, id, 'après');
      await Promise.all(known);
      expect(heard).toEqual(Array(2).fill(['message_read', 3]));
    });

    it('is for the creator or an administrator in it to decide, and after the creator for the staff in it', async () => {
      const [creator, colleague, parent, late] = [aTeacher(), aTeacher(), aParent(), aParent()];
      const id = await school.group([creator, colleague, parent]);
      await school.meet(late);
      expect(refusal(await school.add(colleague, id, late))).toEqual([403, 'FORBIDDEN']);
      expect(refusal(await school.add(anAdmin(), id, late))).toEqual([404, 'CONVERSATION_NOT_FOUND']);
      expect((await school.remove(creator, id, creator)).status).toBe(200);
      expect(refusal(await school.add(parent, id, late))).toEqual([403, 'FORBIDDEN']);
      expect((await school.add(colleague, id, late)).status).toBe(200);
    });

    it('an administrator who is in it takes people in and out', async () => {
      const [teacher, admin, parent] = [aTeacher(), anAdmin(), aParent()];
      const id = await school.group([teacher, admin]);
      await school.meet(parent);
      expect((await school.add(admin, id, parent)).status).toBe(200);
      expect((await school.remove(admin, id, teacher)).status).toBe(200);
    });

    it('asks for people whom the directory knows, and keeps the limit of the group', async () => {
      const [teacher, parent, ...late] = [aTeacher(), aParent(), aParent(), aParent(), aParent()];
      const id = await school.group([teacher, parent]);
      await school.meet(...late);
      expect(refusal(await school.add(teacher, id, aStudent()))).toEqual([404, 'RECIPIENT_NOT_FOUND']);
      const tooMany = await school.add(teacher, id, ...late);
      expect([...refusal(tooMany), tooMany.body.errors]).toMatchObject([
        400,
        'VALIDATION_FAILED',
        [{ field: 'user_ids' }],
      ]);
      expect((await school.get(teacher, id)).body.participants).toEqual([teacher, parent].map(idOf));
      const two = late.slice(0, 2);
      const racing = await Promise.all(late.map((person) => school.add(teacher, id, person)));
      expect(racing.filter(({ status }) => status === 200)).toHaveLength(two.length);
    });

    it('is refused in direct and support conversations', async () => {
      const [admin, parent, late] = [anAdmin(), aParent(), aTeacher()];
      await school.meet(admin, parent, late);
      const direct = await school.make(parent, { conversation_type: 'direct', participant_ids: [idOf(admin)] });
      for (const id of [direct.body.conversation_id ?? '', await school.support(parent)]) {
        expect(refusal(await school.add(admin, id, late))).toEqual([403, 'FORBIDDEN']);
        expect(refusal(await school.remove(admin, id, parent))).toEqual([403, 'FORBIDDEN']);
      }
    });
  });

  describe('going', () => {
    it('ends access to everything at once, on every door', async () => {
      const [teacher, parent, other] = [aTeacher(), aParent(), aParent()];
      const id = await school.group([teacher, parent, other]);
      const seen = await school.send(parent, id, 'moi');
      const [gone, stays] = [await enter(parent), await enter(other)];
      const left = [nextEvent(gone, 'conversation_left'), nextEvent(stays, 'conversation_left')];
      const removed = await school.remove(teacher, id, parent);
      expect([removed.status, removed.body]).toEqual([
        200,
        { success: true, conversation_id: id, user_id: idOf(parent) },
      ]);
      expect(await Promise.all(left)).toEqual(Array(2).fill({ conversation_id: id, user_id: idOf(parent) }));

      let heard = 0;
      gone.onAny(() => (heard += 1));
      const arrived = nextEvent(stays, 'message_received');
      await school.send(teacher, id, 'sans toi');
      await school.patch(teacher, id, { title: 'Sans toi' });
      await arrived;
      for (const answer of [
        await school.get(parent, id),
        await school.history(parent, id),
        await school.send(parent, id),
        await school.remove(parent, id, parent),
        await school.put(parent, id, 'mute', { muted: true }),
      ]) {
        expect(refusal(answer)).toEqual([404, 'CONVERSATION_NOT_FOUND']);
      }
      expect(await school.listed(parent, id, '?archived=all')).toBeUndefined();
      const ack = await ask(gone, 'message', { conversation_id: id, content: 'encore moi' });
      expect(ack).toMatchObject({ ok: false, error: { error_code: 'CONVERSATION_NOT_FOUND' } });
      const read = await ask(gone, 'message_read', { message_id: seen.body.message_id });
      expect(read).toMatchObject({ ok: false, error: { error_code: 'MESSAGE_NOT_FOUND' } });
      expect(heard).toBe(0);
    });

    it('a message on its way when somebody leaves does not reach them after they are gone', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await school.group([teacher, parent]);
      const gone = await enter(parent);
      const order: string[] = [];
      gone.on('conversation_left', () => order.push('left'));
      gone.on('message_received', () => order.push('message'));
      const sends = Array.from({ length: 30 }, (_, i) => school.send(teacher, id, `n ${i}`));
      const left = nextEvent(gone, 'conversation_left');
      await school.remove(teacher, id, parent);
      await Promise.all([...sends, left]);
      await ask(gone, 'ping', {});
      expect(order.at(-1)).toBe('left');
    });

    it('is for oneself to decide, in a group', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await school.group([teacher, parent]);
      expect((await school.remove(parent, id, parent)).status).toBe(200);
      expect((await school.get(teacher, id)).body.participants).toEqual([idOf(teacher)]);
    });

    it('answers NOT_PARTICIPANT for who is not in it, and only to those who may ask', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await school.group([teacher, parent]);
      expect(refusal(await school.remove(teacher, id, aParent()))).toEqual([404, 'NOT_PARTICIPANT']);
      expect(refusal(await school.remove(parent, id, aParent()))).toEqual([403, 'FORBIDDEN']);
    });
  });

  describe('what a group says of itself', () => {
    it('is changed by the creator or an administrator in it, and told to everybody as they see it', async () => {
      const [teacher, admin, parent] = [aTeacher(), anAdmin(), aParent()];
      const id = await school.group([teacher, admin, parent]);
      await school.send(teacher, id);
      const socket = await enter(parent);
      const told = nextEvent(socket, 'conversation_updated');
      const change = {
        title: 'Sortie',
        description: 'Musée',
        avatar_url: 'https://img.example/4b.png',
        posting: 'staff',
      };
      const changed = await school.patch(teacher, id, change);
      expect([changed.status, changed.body]).toMatchObject([200, { ...change, unread_count: 0 }]);
      expect(await told).toMatchObject({ conversation_id: id, ...change, unread_count: 1 });
      expect(refusal(await school.send(parent, id))).toEqual([403, 'FORBIDDEN']);
      const cleared = await school.patch(admin, id, { description: null, avatar_url: null });
      expect(cleared.body).toMatchObject({ title: 'Sortie', description: null, avatar_url: null });
      expect(refusal(await school.patch(parent, id, { title: 'x' }))).toEqual([403, 'FORBIDDEN']);
    });

    it.each([
      ['title', ''],
      ['title', null],
      ['title', 'x'.repeat(121)],
      ['description', 'x'.repeat(501)],
      ['avatar_url', 'http://img.example/a.png'],
      ['posting', 'nobody'],
      ['history', 'joined'],
    ])('refuses %s: %j', async (field, value) => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await school.group([teacher, parent]);
      const answer = await school.patch(teacher, id, { [field]: value });
      expect([answer.status, answer.body.errors]).toMatchObject([400, [{ field }]]);
    });

    it('each change is one version, whoever changes it at the same time', async () => {
      const [teacher, admin, late] = [aTeacher(), anAdmin(), aParent()];
      const id = await school.group([teacher, admin]);
      await school.meet(late);
      const changes = Array.from({ length: 10 }, (_, i) =>
        school.patch(i % 2 ? teacher : admin, id, { title: `n${i}` }),
      );
      await Promise.all([...changes, school.add(teacher, id, late)]);
      await school.remove(late, id, late);
      const repository = service.app.get(ConversationsRepository, { strict: false });
      expect((await repository.findById(id))?.version).toBe(13);
      // Another node that read it before the last change comes too late.
      expect(await repository.change({ id, version: 12 }, { title: 'tard' }, new Date())).toBeUndefined();
    });
  });
});
