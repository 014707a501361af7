import { getConnectionToken } from '@nestjs/mongoose';
import { Test, type TestingModule } from '@nestjs/testing';
import { randomUUID } from 'node:crypto';
import type { Connection } from 'mongoose';
import { Clock } from '../../src/common/clock';
import { AppConfig } from '../../src/config/app-config';
import type { MessagePayload } from '../../src/contract/payloads';
import { MessageChanger } from '../../src/messages/message-changer';
import { MessagesModule } from '../../src/messages/messages.module';
import { aParent, aStudent, aTeacher, anAdmin, idOf } from '../support/people';
import { PlainClient } from '../support/plain-client';
import { School } from '../support/school';
import { ask, connectAs, nextEvent } from '../support/socket-client';
import { startTestApp, type Answer, type TestApp } from '../support/test-app';
import { MINUTE_MS, TestClock } from '../support/test-clock';
import type { TestPerson } from '../support/tokens';

const clock = new TestClock();

describe('one message', () => {
  let service: TestApp;
  beforeAll(async () => {
    service = await startTestApp({ MESSAGE_EDIT_WINDOW_MINUTES: '15' }, clock);
  }, 60_000);
  afterAll(() => service.stop());

  /** Another process on the same store, as far as changes go. */
  const secondNode = async (): Promise<TestingModule> => {
    const node = await Test.createTestingModule({ imports: [MessagesModule] })
      .overrideProvider(AppConfig)
      .useValue(service.app.get(AppConfig, { strict: false }))
      .overrideProvider(Clock)
      .useValue(clock)
      .compile();
    return node.init();
  };
  const request = (method: string, as: TestPerson, id: string, body?: unknown): Promise<Answer> =>
    service.call(method, `/api/v1/messages/${id}`, { as, ...(body === undefined ? {} : { body }) });
  const get = (as: TestPerson, id: string) => request('GET', as, id);
  const edit = (as: TestPerson, id: string, content: string) => request('PATCH', as, id, { content });
  const remove = (as: TestPerson, id: string) => request('DELETE', as, id);
  const read = (as: TestPerson, id: string) => service.call('POST', `/api/v1/messages/mark-read/${id}`, { as });
  const meet = async (...people: TestPerson[]): Promise<void> => {
    for (const person of people) await service.call('GET', '/api/v1/messages/conversations', { as: person });
  };
  const send = async (as: TestPerson, body: Record<string, unknown>): Promise<MessagePayload> => {
    const answer = await service.call('POST', '/api/v1/messages/send', { as, body });
    expect(answer.status).toBe(201);
    return answer.body as unknown as MessagePayload;
  };
  const unreadOf = async (as: TestPerson): Promise<number | undefined> =>
    (await service.call('GET', '/api/v1/messages/conversations', { as })).body.conversations?.[0]?.unread_count;
  const aPair = async (): Promise<[TestPerson, TestPerson]> => {
    const pair: [TestPerson, TestPerson] = [aParent(), aTeacher()];
    await meet(...pair);
    return pair;
  };
  const aGroup = async (staff: TestPerson, ...others: TestPerson[]): Promise<string> => {
    await meet(staff, ...others);
    const body = { participant_ids: others.map(idOf), conversation_type: 'group', title: '4B' };
    return (
      (await service.call('POST', '/api/v1/messages/conversations', { as: staff, body })).body.conversation_id ?? ''
    );
  };
  const codeOf = ({ status, body }: Answer): [number, string | undefined] => [status, body.error_code];

  describe('read', () => {
    it('shows its sender who has received and read it when, and nobody else', async () => {
      const [teacher, p1, p2] = [aTeacher(), aParent(), aParent()];
      const conversation_id = await aGroup(teacher, p1, p2);
      const { message_id } = await send(teacher, { conversation_id, content: 'réunion' });
      const { read_at } = (await read(p1, message_id)).body;
      const { body } = await get(teacher, message_id);
      expect(body).toMatchObject({ message_id, content: 'réunion', status: 'sent', edits: [] });
      expect(body['receipts']).toEqual([
        { user_id: idOf(p1), delivered_at: read_at, read_at },
        { user_id: idOf(p2), delivered_at: null, read_at: null },
      ]);
      const seen = (await get(p1, message_id)).body;
      expect(seen).toMatchObject({ message_id, status: 'read' });
      expect(Object.keys(seen)).not.toEqual(expect.arrayContaining(['receipts']));
      expect(Object.keys(seen)).not.toEqual(expect.arrayContaining(['edits']));
    });

    it.each(['GET', 'PATCH', 'DELETE'])('%s answers a stranger as if it did not exist', async (method) => {
      const [[parent, teacher], stranger] = [await aPair(), anAdmin()];
      const { message_id } = await send(parent, { recipient_id: idOf(teacher), content: 'privé' });
      const body = method === 'PATCH' ? { content: 'x' } : undefined;
      const strip = ({ instance: _i, request_id: _r, ...rest }: Record<string, unknown>) => rest;
      const hidden = await request(method, stranger, message_id, body);
      const absent = await request(method, stranger, randomUUID(), body);
      expect(codeOf(hidden)).toEqual([404, 'MESSAGE_NOT_FOUND']);
      expect(strip(hidden.body)).toEqual(strip(absent.body));
      expect(codeOf(await request(method, stranger, 'not-an-id', body))).toEqual([404, 'MESSAGE_NOT_FOUND']);
    });

    it.each([
      ['GET', 'send', 'POST'],
      ['DELETE', 'conversations', 'GET, HEAD, POST'],
      ['PATCH', 'send', 'POST'],
    ])('does not take %s /%s for a message: the path answers %s only', async (method, path, allowed) => {
      const answer = await request(method, aParent(), path, method === 'PATCH' ? { content: 'x' } : undefined);
      expect(codeOf(answer)).toEqual([405, 'METHOD_NOT_ALLOWED']);
      expect(answer.headers.get('allow')).toBe(allowed);
    });
  });

  describe('edit', () => {
    it('changes the text everywhere, keeps the earlier one for the sender, and tells every participant', async () => {
      const [parent, teacher] = await aPair();
      const [p, t] = await Promise.all([connectAs(service.url, parent), connectAs(service.url, teacher)]);
      const { message_id, conversation_id } = await send(parent, { recipient_id: idOf(teacher), content: 'Bonjou' });
      await read(teacher, message_id);
      const told = [p, t].map((socket) => nextEvent(socket, 'message_updated'));
      const edited = await edit(parent, message_id, 'Bonjour');
      expect(edited.status).toBe(200);
      expect(edited.body).toMatchObject({ message_id, seq: 1, content: 'Bonjour', is_edited: true, status: 'read' });
      const [own, other] = await Promise.all(told);
      expect(own).toEqual(edited.body);
      expect(other).toMatchObject({ message_id, content: 'Bonjour', is_read: true, recipient_id: idOf(teacher) });
      const { body } = await get(parent, message_id);
      expect(body['edits']).toEqual([{ content: 'Bonjou', edited_at: body.updated_at }]);
      const history = await service.call('GET', `/api/v1/messages/history/${conversation_id}`, { as: teacher });
      expect(history.body.messages).toMatchObject([{ content: 'Bonjour', is_edited: true }]);
      const [listed] =
        (await service.call('GET', '/api/v1/messages/conversations', { as: teacher })).body.conversations ?? [];
      expect(listed?.last_message_content).toBe('Bonjour');
      for (const socket of [p, t]) socket.close();
    });

    it('keeps the last 20 texts, and none for the same text again', async () => {
      const [parent, teacher] = await aPair();
      const { message_id } = await send(parent, { recipient_id: idOf(teacher), content: 'texte 0' });
      for (let i = 1; i <= 22; i += 1) await edit(parent, message_id, `texte ${i}`);
      await edit(parent, message_id, 'texte 22');
      const edits = (await get(parent, message_id)).body['edits'] as { content: string }[];
      expect(edits.map(({ content }) => content)).toEqual(Array.from({ length: 20 }, (_, i) => `texte ${i + 2}`));
    });

    it('loses no text when two devices edit at once', async () => {
      const [parent, teacher] = await aPair();
      const { message_id } = await send(parent, { recipient_id: idOf(teacher), content: 'texte' });
      await Promise.all(Array.from({ length: 8 }, (_, i) => edit(parent, message_id, `texte ${i}`)));
      const { body } = await get(parent, message_id);
      const texts = [...(body['edits'] as { content: string }[]).map(({ content }) => content), body.content];
      expect(new Set(texts).size).toBe(9);
    });

    it('loses no change when two nodes change messages of one conversation at once', async () => {
      const [[parent, teacher], other] = [await aPair(), await secondNode()];
      const sent: MessagePayload[] = [];
      for (let i = 0; i < 10; i += 1)
        sent.push(await send(parent, { recipient_id: idOf(teacher), content: `n° ${i}` }));
      const conversationId = sent[0]?.conversation_id ?? '';
      const changers = [service.app.get(MessageChanger, { strict: false }), other.get(MessageChanger)];
      const changes = sent.flatMap(({ message_id: id }) =>
        changers.map((changer, node) =>
          changer.change({ id, conversationId }, ({ content }) => ({
            kind: 'edit',
            content: `${content}, ${node}`,
            at: new Date(clock.now()),
          })),
        ),
      );
      expect((await Promise.all(changes)).every(({ changed }) => changed)).toBe(true);
      const { body } = await service.call('GET', `/api/v1/messages/history/${conversationId}`, { as: teacher });
      const contents = body.messages?.map(({ content }) => content.split(', ').sort());
      expect(contents).toEqual(sent.map((_message, i) => ['0', '1', `n° ${i}`]));
      await other.close();
    });

    it('is for the sender only, and only while the window is open', async () => {
      const [parent, teacher] = await aPair();
      const { message_id } = await send(parent, { recipient_id: idOf(teacher), content: 'texte' });
      expect(codeOf(await edit(teacher, message_id, 'x'))).toEqual([403, 'FORBIDDEN']);
      clock.advance(14 * MINUTE_MS);
      expect((await edit(parent, message_id, 'à temps')).status).toBe(200);
      clock.advance(2 * MINUTE_MS);
      expect(codeOf(await edit(parent, message_id, 'trop tard'))).toEqual([403, 'EDIT_WINDOW_CLOSED']);
      expect((await get(teacher, message_id)).body.content).toBe('à temps');
    });

    it('is refused where the sender may write no more', async () => {
      const [parent, teacher] = await aPair();
      const { message_id } = await send(parent, { recipient_id: idOf(teacher), content: 'texte' });
      const users = [{ user_id: idOf(teacher), username: 't', display_name: 'T', role: 'parent' }];
      expect((await service.call('PUT', '/api/v1/users', { as: anAdmin(), body: { users } })).status).toBeLessThan(300);
      expect(codeOf(await edit(parent, message_id, 'x'))).toEqual([403, 'ROLE_NOT_ALLOWED']);
    });

    it.each([
      ['without content', {}, 'content'],
      ['of invisible content', { content: ' \u200b ' }, 'content'],
      ['of too long content', { content: 'é'.repeat(2001) }, 'content'],
      ['with an unknown field', { content: 'x', metadata: {} }, 'metadata'],
    ])('refuses a body %s', async (_what, body, field) => {
      const [parent, teacher] = await aPair();
      const { message_id } = await send(parent, { recipient_id: idOf(teacher), content: 'texte' });
      const answer = await request('PATCH', parent, message_id, body);
      expect([answer.status, answer.body.errors?.map((error) => error.field)]).toEqual([400, [field]]);
    });

    it('answers on the socket as on REST', async () => {
      const [parent, teacher] = await aPair();
      const { message_id } = await send(parent, { recipient_id: idOf(teacher), content: 'texte' });
      const socket = await connectAs(service.url, parent);
      expect(await ask(socket, 'message_edit', { message_id, content: 'mieux' })).toMatchObject({
        ok: true,
        data: { message_id, content: 'mieux', is_edited: true },
      });
      expect(await ask(socket, 'message_edit', { message_id, content: '' })).toMatchObject({
        ok: false,
        error: { error_code: 'VALIDATION_FAILED' },
      });
      socket.close();
    });

    it('still knows a resend of the first text after the edit', async () => {
      const [parent, teacher] = await aPair();
      const body = { recipient_id: idOf(teacher), content: 'texte', client_message_id: randomUUID() };
      const { message_id } = await send(parent, body);
      await edit(parent, message_id, 'autre');
      const again = await service.call('POST', '/api/v1/messages/send', { as: parent, body });
      expect([again.status, again.body.message_id, again.body.content]).toEqual([200, message_id, 'autre']);
    });
  });

  describe('deletion', () => {
    it('leaves a tombstone: content, metadata, edits and preview are gone, the place stays', async () => {
      const [parent, teacher] = await aPair();
      const [p, t] = await Promise.all([connectAs(service.url, parent), connectAs(service.url, teacher)]);
      const secret = `secret ${randomUUID()}`;
      const body = { recipient_id: idOf(teacher), content: secret, metadata: { note: secret }, client_message_id: 'k' };
      const { message_id, conversation_id } = await send(parent, body);
      await edit(parent, message_id, `${secret} bis`);
      const told = [p, t].map((socket) => nextEvent(socket, 'message_deleted'));
      const deleted = await remove(parent, message_id);
      expect(deleted.status).toBe(200);
      expect(deleted.body).toMatchObject({ content: '', metadata: {}, attachments: [], is_deleted: true, seq: 1 });
      for (const event of await Promise.all(told)) expect(event).toEqual({ conversation_id, message_id, seq: 1 });
      const answers = await Promise.all([
        get(parent, message_id),
        service.call('GET', `/api/v1/messages/history/${conversation_id}`, { as: teacher }),
        service.call('GET', '/api/v1/messages/conversations', { as: teacher }),
        service.call('POST', '/api/v1/messages/send', { as: parent, body }),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      for (const answer of answers) expect(answer.text).not.toContain(secret);
      expect(answers[0]?.body['edits']).toEqual([]);
      expect(answers[1]?.body).toMatchObject({ total_count: 1, messages: [{ seq: 1, is_deleted: true }] });
      expect(answers[2]?.body.conversations?.[0]).toMatchObject({ last_message_content: '', total_messages: 1 });
      const stored = await service.app
        .get<Connection>(getConnectionToken(), { strict: false })
        .collection('messages')
        .findOne({ _id: message_id as never });
      expect(JSON.stringify(stored)).not.toContain(secret);
      expect(Object.keys(stored ?? {})).not.toEqual(expect.arrayContaining(['body_hash']));
      for (const socket of [p, t]) socket.close();
    });

    it('takes the message out of the unread count, wherever it stands', async () => {
      const [parent, teacher] = await aPair();
      const sent: MessagePayload[] = [];
      for (const n of [1, 2, 3, 4]) sent.push(await send(teacher, { recipient_id: idOf(parent), content: `m${n}` }));
      expect(await unreadOf(parent)).toBe(4);
      await remove(teacher, sent[1]?.message_id ?? '');
      expect(await unreadOf(parent)).toBe(3);
      const marked = await read(parent, sent[2]?.message_id ?? '');
      expect(marked.body.unread_count).toBe(1);
      await remove(teacher, sent[3]?.message_id ?? '');
      expect(await unreadOf(parent)).toBe(0);
      await remove(teacher, sent[0]?.message_id ?? '');
      expect(await unreadOf(parent)).toBe(0);
    });

    it('is for the sender and for an admin of the conversation, whose deletions are audited', async () => {
      const [teacher, student, admin] = [aTeacher(), aStudent(), anAdmin()];
      const conversation_id = await aGroup(teacher, student, admin);
      const { message_id } = await send(student, { conversation_id, content: 'interdit' });
      expect(codeOf(await remove(teacher, message_id))).toEqual([403, 'FORBIDDEN']);
      expect((await remove(admin, message_id)).body).toMatchObject({ is_deleted: true, sender_id: idOf(student) });
      const audit = service.app.get<Connection>(getConnectionToken(), { strict: false }).collection('audit');
      const entries = await audit.find({ subject_id: idOf(student) }).toArray();
      expect(entries).toMatchObject([
        { action: 'message.deleted', actor_id: idOf(admin), details: { conversation_id, message_id } },
      ]);
      expect(JSON.stringify(entries)).not.toContain('interdit');
      await remove(admin, message_id);
      expect(await audit.find({ subject_id: idOf(student) }).toArray()).toEqual(entries);
    });

    it('and an edit are told to nobody who came after the message and may not see it', async () => {
      const [teacher, parent, late] = [aTeacher(), aParent(), aParent()];
      await meet(teacher, parent, late);
      const group = { conversation_type: 'group', title: '4B', history: 'joined', participant_ids: [idOf(parent)] };
      const made = await service.call('POST', '/api/v1/messages/conversations', { as: teacher, body: group });
      const { conversation_id } = made.body;
      const [hidden, other] = [
        await send(teacher, { conversation_id, content: 'avant' }),
        await send(teacher, { conversation_id, content: 'aussi' }),
      ];
      const path = `/api/v1/messages/conversations/${conversation_id}/participants`;
      await service.call('POST', path, { as: teacher, body: { user_ids: [idOf(late)] } });
      const socket = await connectAs(service.url, late);
      const heard: string[] = [];
      for (const event of ['message_updated', 'message_deleted'] as const) socket.on(event, () => heard.push(event));
      await edit(teacher, hidden.message_id, 'corrigé');
      await remove(teacher, other.message_id);
      const shown = nextEvent(socket, 'message_received');
      await send(parent, { conversation_id, content: 'après' });
      expect(await shown).toMatchObject({ seq: 3 });
      expect(heard).toEqual([]);
      socket.close();
    });

    it('answers the same again, tells nobody twice, and closes the message to edits', async () => {
      const [parent, teacher] = await aPair();
      const { message_id } = await send(parent, { recipient_id: idOf(teacher), content: 'texte' });
      const socket = await connectAs(service.url, teacher);
      let told = 0;
      socket.on('message_deleted', () => (told += 1));
      const first = await remove(parent, message_id);
      const again = await remove(parent, message_id);
      expect(again.body).toEqual(first.body);
      expect(codeOf(await edit(parent, message_id, 'x'))).toEqual([403, 'EDIT_WINDOW_CLOSED']);
      const arrived = nextEvent(socket, 'message_received');
      await send(parent, { recipient_id: idOf(teacher), content: 'après' });
      await arrived;
      expect(told).toBe(1);
      socket.close();
    });

    it('is refused on a socket whose administrator is none any more', async () => {
      const [teacher, student, admin] = [aTeacher(), aStudent(), anAdmin()];
      const conversation_id = await aGroup(teacher, student, admin);
      const { message_id } = await send(student, { conversation_id, content: 'à moi' });
      const socket = await connectAs(service.url, admin);
      await new School(service).sync(admin, { role: 'teacher' });
      expect(await ask(socket, 'message_delete', { message_id })).toMatchObject({
        ok: false,
        error: { error_code: 'FORBIDDEN' },
      });
      socket.close();
    });

    it('works on the socket', async () => {
      const [parent, teacher] = await aPair();
      const { message_id } = await send(parent, { recipient_id: idOf(teacher), content: 'texte' });
      const socket = await connectAs(service.url, parent);
      const ack = await ask(socket, 'message_delete', { message_id });
      expect(ack).toMatchObject({ ok: true, data: { message_id, is_deleted: true, content: '' } });
      socket.close();
    });
  });
});

describe('a service without edits', () => {
  it('refuses every edit', async () => {
    const service = await startTestApp({ MESSAGE_EDIT_WINDOW_MINUTES: '0' });
    const [parent, teacher] = [aParent(), aTeacher()];
    await service.call('GET', '/api/v1/messages/conversations', { as: teacher });
    const body = { recipient_id: idOf(teacher), content: 'texte' };
    const { message_id = '' } = (await service.call('POST', '/api/v1/messages/send', { as: parent, body })).body;
    const answer = await service.call('PATCH', `/api/v1/messages/${message_id}`, {
      as: parent,
      body: { content: 'x' },
    });
    expect(answer.body.error_code).toBe('EDIT_WINDOW_CLOSED');
    await service.stop();
  }, 60_000);
});

describe('edits and deletions in a minute', () => {
  const LIMIT = 4;
  let service: TestApp;
  let school: School;
  beforeAll(async () => {
    service = await startTestApp({ RATE_LIMIT_CHANGES_PER_MINUTE: String(LIMIT) }, clock);
    school = new School(service);
  }, 60_000);
  afterAll(() => service.stop());

  const request = (method: string, as: TestPerson, id?: string, content?: string): Promise<Answer> =>
    service.call(method, `/api/v1/messages/${id ?? ''}`, {
      as,
      ...(content === undefined ? {} : { body: { content } }),
    });
  const edit = (as: TestPerson, id: string | undefined, content: string) => request('PATCH', as, id, content);
  const remove = (as: TestPerson, id?: string) => request('DELETE', as, id);
  const contentOf = async (as: TestPerson, id?: string) => (await request('GET', as, id)).body.content;
  /** A group in which the first has written. */
  const written = async (people: TestPerson[], messages: number): Promise<(string | undefined)[]> => {
    const id = await school.group(people);
    const ids: (string | undefined)[] = [];
    const [author = aTeacher()] = people;
    for (let n = 0; n < messages; n += 1) ids.push((await school.send(author, id, 'texte')).body.message_id);
    return ids;
  };
  const useUp = async (as: TestPerson, id: string | undefined): Promise<void> => {
    for (let n = 1; n <= LIMIT; n += 1) expect((await edit(as, id, `texte ${n}`)).status).toBe(200);
  };

  it('are counted together over all doors; what is refused changes nothing and is told to nobody', async () => {
    const [teacher, parent] = [aTeacher(), aParent()];
    const [first, second] = await written([teacher, parent], 2);
    const [socket, listener] = [await connectAs(service.url, teacher), await connectAs(service.url, parent)];
    const plain = await PlainClient.as(service.url, teacher);
    const heard: string[] = [];
    for (const event of ['message_updated', 'message_deleted'] as const) listener.on(event, () => heard.push(event));

    expect((await edit(teacher, first, 'texte 1')).status).toBe(200);
    const bySocket = { message_id: first, content: 'texte 2' };
    expect(await ask(socket, 'message_edit', bySocket)).toMatchObject({ ok: true });
    expect(await plain.ask({ type: 'message_edit', message_id: first, content: 'texte 3' })).toMatchObject({
      type: 'success',
    });
    expect((await remove(teacher, second)).status).toBe(200);

    const refused = await edit(teacher, first, 'texte 4');
    expect([refused.status, refused.body.error_code]).toEqual([429, 'RATE_LIMITED']);
    expect(refused.headers.get('ratelimit-limit')).toBe(String(LIMIT));
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await remove(teacher, first)).status).toBe(429);
    const details = { retry_after_ms: expect.any(Number) as number };
    expect(await ask(socket, 'message_edit', { ...bySocket, content: 'texte 4' })).toMatchObject({
      ok: false,
      error: { error_code: 'RATE_LIMITED', details },
    });
    const frame = await plain.ask({ type: 'message_delete', message_id: first });
    expect(frame).toMatchObject({ type: 'error', error_code: 'RATE_LIMITED', details });
    expect(await contentOf(parent, first)).toBe('texte 3');

    clock.advance(MINUTE_MS);
    const last = nextEvent(listener, 'message_updated');
    expect((await edit(teacher, first, 'texte 5')).status).toBe(200);
    expect(await last).toMatchObject({ content: 'texte 5' });
    expect(heard).toEqual([...Array<string>(3).fill('message_updated'), 'message_deleted', 'message_updated']);
    for (const client of [socket, listener]) client.close();
    plain.socket.close();
  });

  it('count for whoever makes them, apart from messages, and only where something changes', async () => {
    const [teacher, other] = [aTeacher(), aTeacher()];
    const [first, second] = await written([teacher, other], 2);
    await remove(teacher, second);
    for (let n = 0; n < 2 * LIMIT; n += 1) {
      expect((await remove(teacher, second)).status).toBe(200);
      expect((await edit(teacher, first, 'texte')).status).toBe(200);
      expect((await edit(other, first, `à toi ${n}`)).status).toBe(403);
      expect((await edit(teacher, second, `trop tard ${n}`)).status).toBe(403);
    }
    for (let n = 2; n <= LIMIT; n += 1) expect((await edit(teacher, first, `texte ${n}`)).status).toBe(200);
    expect((await edit(teacher, first, 'encore')).status).toBe(429);
    expect((await edit(teacher, first, `texte ${LIMIT}`)).status).toBe(200);
    expect((await remove(teacher, second)).status).toBe(200);
    const [others] = await written([other, teacher], 1);
    expect((await edit(other, others, 'à moi')).status).toBe(200);
    expect((await school.send(teacher, (await request('GET', other, others)).body.conversation_id ?? '')).status).toBe(
      201,
    );
  });

  it('never more than the limit when all come at once', async () => {
    const [teacher, parent] = [aTeacher(), aParent()];
    const [id] = await written([teacher, parent], 1);
    const answers = await Promise.all(Array.from({ length: 5 * LIMIT }, (_, n) => edit(teacher, id, `texte ${n}`)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(LIMIT);
    expect((await request('GET', teacher, id)).body['edits']).toHaveLength(LIMIT);
  });

  it('of an administrator above the limit stand in no audit', async () => {
    const [teacher, admin] = [aTeacher(), anAdmin()];
    const [own] = await written([admin, teacher], 1);
    const [another] = await written([teacher, admin], 1);
    await useUp(admin, own);
    expect((await remove(admin, another)).status).toBe(429);
    const audit = service.app.get<Connection>(getConnectionToken(), { strict: false }).collection('audit');
    expect(await audit.find({ actor_id: idOf(admin) }).toArray()).toEqual([]);
    expect(await contentOf(teacher, another)).toBe('texte');
  });
});
