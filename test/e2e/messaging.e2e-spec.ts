import { randomUUID } from 'node:crypto';
import type { ConversationPayload, MessagePayload } from '../../src/contract/payloads';
import { aParent, aStudent, aTeacher, anAdmin, idOf } from '../support/people';
import { ask, connectAs, nextEvent } from '../support/socket-client';
import { startTestApp, type AnswerBody, type TestApp } from '../support/test-app';
import type { TestPerson } from '../support/tokens';

describe('messaging', () => {
  let service: TestApp;
  beforeAll(async () => {
    service = await startTestApp();
  }, 60_000);
  afterAll(() => service.stop());

  const meet = async (...people: TestPerson[]): Promise<void> => {
    for (const person of people) await service.call('GET', '/api/v1/messages/conversations', { as: person });
  };
  const send = (as: TestPerson, body: Record<string, unknown>) =>
    service.call('POST', '/api/v1/messages/send', { as, body });
  const history = (as: TestPerson, id: string, query = '') =>
    service.call('GET', `/api/v1/messages/history/${id}${query}`, { as });
  const list = async (as: TestPerson): Promise<ConversationPayload[]> =>
    (await service.call('GET', '/api/v1/messages/conversations', { as })).body.conversations ?? [];

  describe('direct conversations', () => {
    it('carries a message from one socket to the store and to another socket, byte for byte', async () => {
      const [parent, teacher] = [aParent(), aTeacher()];
      const [a, b] = await Promise.all([connectAs(service.url, parent), connectAs(service.url, teacher)]);
      const content = 'Bonjour à tous 👩🏽‍🏫 — مرحبا بالجميع\n';
      const received = nextEvent(b, 'message_received');
      const ack = await ask(a, 'message', { recipient_id: idOf(teacher), content, client_message_id: 'first' });
      const live = await received;
      expect(ack).toMatchObject({
        ok: true,
        data: {
          seq: 1,
          content,
          sender_id: idOf(parent),
          recipient_id: idOf(teacher),
          status: 'sent',
          is_read: false,
          read_by: [],
          delivered_to: [],
          attachments: [],
          metadata: {},
          client_message_id: 'first',
        },
      });
      expect(live).toMatchObject({ content, seq: 1, timestamp: live.created_at });
      const page = await history(teacher, live.conversation_id);
      expect(page.body.messages).toMatchObject([{ content, message_id: live.message_id }]);
      a.close();
      b.close();
    });

    it('opens one conversation when twenty requests race', async () => {
      const [parent, teacher] = [aParent(), aTeacher()];
      await meet(parent, teacher);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => {
          const [from, to] = i % 2 ? [parent, teacher] : [teacher, parent];
          return service.call('POST', '/api/v1/messages/conversations', {
            as: from,
            body: { participant_ids: [idOf(to)], conversation_type: 'direct' },
          });
        }),
      );
      expect(new Set(answers.map(({ body }) => body.conversation_id)).size).toBe(1);
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(19);
    });

    it('stores what one socket sends in the order it was sent, although some messages take longer to check', async () => {
      const [parent, teacher] = [aParent(), aTeacher()];
      await meet(teacher);
      const socket = await connectAs(service.url, parent);
      const first = await ask(socket, 'message', { recipient_id: idOf(teacher), content: '0' });
      if (!first.ok) throw new Error('refused');
      const { conversation_id, message_id } = first.data as unknown as MessagePayload;
      const rest = Array.from({ length: 12 }, (_, i) => ({
        conversation_id,
        content: String(i + 1),
        ...(i % 2 ? {} : { reply_to: message_id }),
      }));
      await Promise.all(rest.map((body) => ask(socket, 'message', body)));
      const page = await history(teacher, conversation_id);
      expect(page.body.messages?.map(({ content }) => content)).toEqual(
        Array.from({ length: 13 }, (_, i) => String(i)),
      );
      socket.close();
    });

    it('refuses a student writing to another student on every door', async () => {
      const [a, b] = [aStudent(), aStudent()];
      await meet(a, b);
      const rest = await send(a, { recipient_id: idOf(b), content: 'salut' });
      expect([rest.status, rest.body.error_code]).toEqual([403, 'ROLE_NOT_ALLOWED']);
      const socket = await connectAs(service.url, a);
      const ack = await ask(socket, 'message', { recipient_id: idOf(b), content: 'salut' });
      expect(ack).toMatchObject({ ok: false, error: { error_code: 'ROLE_NOT_ALLOWED' } });
      socket.close();
    });

    it('asks the directory for the role at every send: a changed role closes an open conversation', async () => {
      const [a, b] = [aStudent(), aTeacher()];
      await meet(a, b);
      const first = await send(a, { recipient_id: idOf(b), content: 'bonjour' });
      expect(first.status).toBe(201);
      const users = [{ user_id: idOf(b), username: 'b', display_name: 'B', role: 'student' }];
      const synced = await service.call('PUT', '/api/v1/users', { as: anAdmin(), body: { users } });
      expect(synced.status).toBe(200);
      const again = await send(a, { conversation_id: first.body.conversation_id, content: 'encore' });
      expect(again.body.error_code).toBe('ROLE_NOT_ALLOWED');
    });

    it('answers RECIPIENT_NOT_FOUND for a person nobody told the directory of', async () => {
      const answer = await send(aParent(), { recipient_id: 'nobody-knows', content: 'bonjour' });
      expect([answer.status, answer.body.error_code]).toEqual([404, 'RECIPIENT_NOT_FOUND']);
    });

    it('refuses a conversation with oneself', async () => {
      const parent = aParent();
      const answer = await send(parent, { recipient_id: idOf(parent), content: 'moi' });
      expect(answer.status === 400 || answer.status === 404).toBe(true);
    });
  });

  describe('groups', () => {
    it('is made by staff, tells everybody, and everybody reads the same order', async () => {
      const [teacher, p1, p2] = [aTeacher(), aParent(), aParent()];
      await meet(teacher, p1, p2);
      const s1 = await connectAs(service.url, p1);
      const told = nextEvent(s1, 'conversation_created');
      const made = await service.call('POST', '/api/v1/messages/conversations', {
        as: teacher,
        body: { participant_ids: [idOf(p1), idOf(p2), idOf(p1)], conversation_type: 'group', title: '4B' },
      });
      expect(made.status).toBe(201);
      expect(made.body).toMatchObject({ title: '4B', participant_count: 3, posting: 'everyone', unread_count: 0 });
      expect((await told).conversation_id).toBe(made.body.conversation_id);
      const id = made.body.conversation_id;
      await Promise.all(
        Array.from({ length: 30 }, (_, i) =>
          send([teacher, p1, p2][i % 3] ?? teacher, { conversation_id: id, content: `n ${i}` }),
        ),
      );
      const pages = await Promise.all([teacher, p1, p2].map((person) => history(person, id ?? '')));
      const orders = pages.map(({ body }) => (body.messages ?? []).map(({ seq, content }) => `${seq} ${content}`));
      expect(orders[0]).toHaveLength(30);
      expect(orders[1]).toEqual(orders[0]);
      expect(orders[2]).toEqual(orders[0]);
      expect((pages[0]?.body.messages ?? []).map(({ seq }) => seq)).toEqual(
        Array.from({ length: 30 }, (_, i) => i + 1),
      );
      s1.close();
    });

    it('is refused to parents and students, and lists at least one other person and a title', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      await meet(teacher, parent);
      const make = (as: TestPerson, body: Record<string, unknown>) =>
        service.call('POST', '/api/v1/messages/conversations', { as, body: { conversation_type: 'group', ...body } });
      const byParent = await make(parent, { participant_ids: [idOf(teacher)], title: 'x' });
      expect(byParent.body.error_code).toBe('ROLE_NOT_ALLOWED');
      expect((await make(teacher, { participant_ids: [idOf(parent)] })).body.errors).toMatchObject([
        { field: 'title' },
      ]);
      expect((await make(teacher, { participant_ids: [idOf(teacher)], title: 'x' })).body.errors).toMatchObject([
        { field: 'participant_ids' },
      ]);
    });

    it('lets only staff post where posting is staff', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      await meet(teacher, parent);
      const made = await service.call('POST', '/api/v1/messages/conversations', {
        as: teacher,
        body: { participant_ids: [idOf(parent)], conversation_type: 'group', title: 'Info', posting: 'staff' },
      });
      const id = made.body.conversation_id;
      expect((await send(parent, { conversation_id: id, content: 'non' })).body.error_code).toBe('FORBIDDEN');
      expect((await send(teacher, { conversation_id: id, content: 'oui' })).status).toBe(201);
    });
  });

  describe('effectively once', () => {
    it('answers a resend with the first message, whatever door and however often', async () => {
      const [parent, teacher] = [aParent(), aTeacher()];
      await meet(parent, teacher);
      const body = { recipient_id: idOf(teacher), content: 'une fois', client_message_id: randomUUID() };
      const answers = await Promise.all(Array.from({ length: 10 }, () => send(parent, body)));
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(new Set(answers.map((answer) => answer.body.message_id)).size).toBe(1);
      const socket = await connectAs(service.url, parent);
      const ack = await ask(socket, 'message', body);
      expect(ack).toMatchObject({ ok: true, data: { message_id: answers[0]?.body.message_id, seq: 1 } });
      const page = await history(parent, answers[0]?.body.conversation_id ?? '');
      expect(page.body.total_count).toBe(1);
      socket.close();
    });

    it('answers 409 CONFLICT for the same key with another body', async () => {
      const [parent, teacher] = [aParent(), aTeacher()];
      await meet(parent, teacher);
      const key = randomUUID();
      await send(parent, { recipient_id: idOf(teacher), content: 'a', client_message_id: key });
      const other = await send(parent, { recipient_id: idOf(teacher), content: 'b', client_message_id: key });
      expect([other.status, other.body.error_code]).toEqual([409, 'CONFLICT']);
    });
  });

  describe('reading', () => {
    it('counts unread, marks read forwards only, and answers the same read_at again', async () => {
      const [parent, teacher] = [aParent(), aTeacher()];
      await meet(parent, teacher);
      const sent: AnswerBody[] = [];
      for (let i = 1; i <= 5; i += 1) {
        sent.push((await send(teacher, { recipient_id: idOf(parent), content: `m${i}` })).body);
      }
      expect((await list(parent))[0]).toMatchObject({ unread_count: 5, last_seq: 5, last_message_content: 'm5' });
      expect((await list(teacher))[0]).toMatchObject({ unread_count: 0 });
      const mark = (n: number) =>
        service.call('POST', `/api/v1/messages/mark-read/${sent[n - 1]?.message_id}`, { as: parent });
      const third = await mark(3);
      expect(third.body).toMatchObject({ success: true, unread_count: 2 });
      expect((await mark(3)).body.read_at).toBe(third.body.read_at);
      expect((await mark(1)).body.unread_count).toBe(2);
      expect((await mark(5)).body.unread_count).toBe(0);
      expect((await mark(3)).body.read_at).toBe(third.body.read_at);
      const page = await history(teacher, sent[0]?.conversation_id ?? '');
      expect(page.body.messages).toMatchObject(
        Array.from({ length: 5 }, () => ({ status: 'read', is_read: true, read_by: [idOf(parent)] })),
      );
    });

    it('tells the sender and the reader’s other devices, not the reading socket', async () => {
      const [parent, teacher] = [aParent(), aTeacher()];
      const [p1, p2, t] = await Promise.all([
        connectAs(service.url, parent),
        connectAs(service.url, parent),
        connectAs(service.url, teacher),
      ]);
      const arrived = nextEvent(p1, 'message_received');
      await ask(t, 'message', { recipient_id: idOf(parent), content: 'lu ?' });
      const { message_id, conversation_id } = await arrived;
      const heard = [t, p2].map((socket) => nextEvent(socket, 'message_read'));
      let self = 0;
      p1.on('message_read', () => (self += 1));
      const ack = await ask(p1, 'message_read', { message_id, conversation_id });
      expect(ack).toMatchObject({ ok: true, data: { unread_count: 0 } });
      for (const event of await Promise.all(heard)) {
        expect(event).toMatchObject({ conversation_id, message_id, seq: 1, read_by: idOf(parent) });
      }
      expect(self).toBe(0);
      for (const socket of [p1, p2, t]) socket.close();
    });

    it('reads the conversation by answering', async () => {
      const [parent, teacher] = [aParent(), aTeacher()];
      await meet(parent, teacher);
      await send(teacher, { recipient_id: idOf(parent), content: 'question' });
      await send(parent, { recipient_id: idOf(teacher), content: 'réponse' });
      expect((await list(parent))[0]).toMatchObject({ unread_count: 0 });
      expect((await list(teacher))[0]).toMatchObject({ unread_count: 1 });
    });

    it('pages the history by every key, whatever the page size', async () => {
      const [parent, teacher] = [aParent(), aTeacher()];
      await meet(parent, teacher);
      let id = '';
      const ids: string[] = [];
      for (let i = 1; i <= 12; i += 1) {
        const { body } = await send(teacher, { recipient_id: idOf(parent), content: String(i) });
        id = body.conversation_id ?? '';
        ids.push(body.message_id ?? '');
      }
      const seqs = async (query: string): Promise<unknown> => {
        const { body } = await history(parent, id, query);
        const messages = body.messages ?? [];
        return [messages.map(({ seq }) => seq), body.has_more, body.total_count];
      };
      expect(await seqs('?limit=5')).toEqual([[8, 9, 10, 11, 12], true, 12]);
      expect(await seqs('?limit=5&page=2')).toEqual([[3, 4, 5, 6, 7], true, 12]);
      expect(await seqs('?limit=5&page=3')).toEqual([[1, 2], false, 12]);
      expect(await seqs('?limit=5&page=4')).toEqual([[], false, 12]);
      expect(await seqs('?limit=5&before_seq=4')).toEqual([[1, 2, 3], false, 12]);
      expect(await seqs(`?limit=2&before_message_id=${ids[5]}`)).toEqual([[4, 5], true, 12]);
      expect(await seqs('?limit=5&after_seq=0')).toEqual([[1, 2, 3, 4, 5], true, 12]);
      expect(await seqs('?limit=5&after_seq=10')).toEqual([[11, 12], false, 12]);
    });
  });

  describe('access', () => {
    it('answers who is not in a conversation as if it did not exist', async () => {
      const [parent, teacher, stranger] = [aParent(), aTeacher(), anAdmin()];
      await meet(parent, teacher);
      const { body } = await send(parent, { recipient_id: idOf(teacher), content: 'privé' });
      const paths = (conversation: string, message: string): [string, string, unknown?][] => [
        ['GET', `/api/v1/messages/history/${conversation}`],
        ['GET', `/api/v1/messages/conversations/${conversation}`],
        ['POST', `/api/v1/messages/mark-read/${message}`],
      ];
      const real = paths(body.conversation_id ?? '', body.message_id ?? '');
      const random = paths(randomUUID(), randomUUID());
      for (const [index, [method, path]] of real.entries()) {
        const [, other] = random[index] ?? ['', ''];
        const hidden = await service.call(method, path, { as: stranger });
        const absent = await service.call(method, other, { as: stranger });
        expect(hidden.status).toBe(404);
        const strip = ({ instance: _i, request_id: _r, ...rest }: Record<string, unknown>) => rest;
        expect(strip(hidden.body)).toEqual(strip(absent.body));
      }
      const foreign = await send(stranger, { conversation_id: body.conversation_id, content: 'x' });
      expect([foreign.status, foreign.body.error_code]).toEqual([404, 'CONVERSATION_NOT_FOUND']);
    });

    it('delivers to participants only', async () => {
      const [parent, teacher, stranger] = [aParent(), aTeacher(), aParent()];
      const [spy, t] = await Promise.all([connectAs(service.url, stranger), connectAs(service.url, teacher)]);
      let seen = 0;
      spy.onAny(() => (seen += 1));
      await meet(parent);
      const arrived = nextEvent(t, 'message_received');
      await send(parent, { recipient_id: idOf(teacher), content: 'privé' });
      await arrived;
      expect(seen).toBe(0);
      spy.close();
      t.close();
    });
  });
});
