import { randomUUID } from 'node:crypto';
import type { SystemMessageResult } from '../../src/contract/payloads';
import { aParent, aStudent, aTeacher, anAdmin, idOf } from '../support/people';
import { School } from '../support/school';
import { connectAs, nextEvent } from '../support/socket-client';
import { startTestApp, type Answer, type TestApp } from '../support/test-app';
import type { TestPerson } from '../support/tokens';

const attendance: TestPerson = { user_id: 'attendance-service', role: 'service' };
const results = ({ body }: Answer): SystemMessageResult[] => (body['results'] ?? []) as SystemMessageResult[];

describe('system messages', () => {
  let service: TestApp;
  let school: School;
  beforeAll(async () => {
    service = await startTestApp({ RATE_LIMIT_MESSAGES_PER_MINUTE: '3' });
    school = new School(service);
  }, 60_000);
  afterAll(() => service.stop());

  const post = (as: TestPerson, body: Record<string, unknown>) =>
    service.call('POST', '/api/v1/system-messages', { as, body: { content: 'Absence ce matin', ...body } });
  const refusal = ({ status, body }: Answer): unknown[] => [status, body.error_code];

  it('reach each recipient in a conversation of its own with the service, live and in the list', async () => {
    const [parent, student] = [aParent(), aStudent()];
    await school.meet(parent, student);
    const socket = await connectAs(service.url, parent);
    const live = nextEvent(socket, 'message_received');
    const metadata = { absence_id: 17 };
    const sent = await post(attendance, {
      recipient_ids: [parent, student, parent].map(idOf),
      title: 'Absence',
      metadata,
    });
    expect(sent.status).toBe(201);
    const [first, second, ...none] = results(sent);
    expect([first?.recipient_id, second?.recipient_id, none]).toEqual([idOf(parent), idOf(student), []]);
    expect(await live).toMatchObject({
      message_id: first?.message_id,
      conversation_id: first?.conversation_id,
      message_type: 'system',
      sender_id: 'attendance-service',
      sender_role: 'service',
      recipient_id: idOf(parent),
      content: 'Absence ce matin',
      metadata: { absence_id: 17, title: 'Absence' },
    });
    expect(await school.listed(parent, first?.conversation_id ?? '')).toMatchObject({
      conversation_type: 'direct',
      participants: ['attendance-service', idOf(parent)],
      posting: 'staff',
      unread_count: 1,
    });
    socket.close();
  });

  it('cannot be answered there, whatever the role', async () => {
    for (const person of [aParent(), aTeacher(), anAdmin()]) {
      await school.meet(person);
      const [result] = results(await post(attendance, { recipient_ids: [idOf(person)] }));
      expect(refusal(await school.send(person, result?.conversation_id ?? ''))).toEqual([403, 'FORBIDDEN']);
    }
  });

  it('of an administrator leave the conversation alone in which they and the person write to each other', async () => {
    const [admin, parent] = [anAdmin(), aParent()];
    await school.meet(admin, parent);
    const [result] = results(await post(admin, { recipient_ids: [idOf(parent)] }));
    const direct = await school.make(parent, { conversation_type: 'direct', participant_ids: [idOf(admin)] });
    expect([direct.status, direct.body.posting]).toEqual([201, 'everyone']);
    expect(direct.body.conversation_id).not.toBe(result?.conversation_id);
    expect((await school.send(parent, direct.body.conversation_id ?? '')).status).toBe(201);
    expect(refusal(await school.send(parent, result?.conversation_id ?? ''))).toEqual([403, 'FORBIDDEN']);
  });

  it('tell of each recipient what became of them', async () => {
    const [parent, gone] = [aParent(), aParent()];
    await school.meet(parent, gone);
    await school.sync(gone, { is_active: false });
    const sent = await post(attendance, { recipient_ids: ['nobody-knows', idOf(gone), idOf(parent)] });
    expect(sent.status).toBe(201);
    const [unknown, inactive, served] = results(sent);
    expect(unknown).toEqual({ recipient_id: 'nobody-knows', error_code: 'RECIPIENT_NOT_FOUND' });
    expect(inactive).toEqual({ recipient_id: idOf(gone), error_code: 'FORBIDDEN' });
    expect(served).toMatchObject({ recipient_id: idOf(parent) });
    expect(await school.listed(parent, served?.conversation_id ?? '')).toMatchObject({
      last_message_id: served?.message_id,
    });
  });

  it('with the same dedupe_key are one message per sender and recipient, whatever is asked again and how often', async () => {
    const [one, other] = [aParent(), aParent()];
    await school.meet(one, other);
    const key = { dedupe_key: 'absence-17' };
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        post(attendance, { recipient_ids: [one, other].map(idOf), content: `texte ${i}`, ...key }),
      ),
    );
    const ids = answers.map((answer) => results(answer).map(({ message_id }) => message_id));
    expect(new Set(ids.map(([first]) => first)).size).toBe(1);
    expect(new Set(ids.map(([, second]) => second)).size).toBe(1);
    expect(ids[0]?.[0]).not.toBe(ids[0]?.[1]);
    const conversation = results(answers[0] as Answer)[0]?.conversation_id ?? '';
    expect((await school.history(one, conversation)).body.total_count).toBe(1);
    const another = await post(
      { user_id: 'justification-service', role: 'service' },
      { recipient_ids: [idOf(one)], ...key },
    );
    expect(results(another)[0]?.message_id).not.toBe(ids[0]?.[0]);
  });

  describe('an administrator’s dedupe_key, the same as a client_message_id of theirs in the conversation', () => {
    const key = 'conseil-17';
    const stage = async () => {
      const [admin, teacher] = [anAdmin(), aTeacher()];
      const conversation_id = await school.group([admin, teacher]);
      const announce = async (): Promise<unknown[]> => {
        const answer = await post(admin, { conversation_id, content: 'une annonce', dedupe_key: key });
        return [answer.status, results(answer)[0]?.message_id];
      };
      const send = async (): Promise<unknown[]> => {
        const body = { conversation_id, content: 'un message', client_message_id: key };
        const answer = await service.call('POST', '/api/v1/messages/send', { as: admin, body });
        return [answer.status, answer.body.message_id];
      };
      const shown = async (): Promise<unknown[]> =>
        ((await school.history(teacher, conversation_id)).body.messages ?? []).map((message) => [
          message.message_id,
          message.content,
          message.client_message_id,
        ]);
      return { announce, send, shown };
    };

    it('is another key where the notice comes first; each is told again for itself', async () => {
      const { announce, send, shown } = await stage();
      const [notice, message] = [await announce(), await send()];
      expect([notice[0], message[0]]).toEqual([201, 201]);
      expect([await announce(), await send()]).toEqual([notice, [200, message[1]]]);
      expect(await shown()).toEqual([
        [notice[1], 'une annonce', null],
        [message[1], 'un message', key],
      ]);
    });

    it('is another key where the message comes first', async () => {
      const { announce, send, shown } = await stage();
      const [message, notice] = [await send(), await announce()];
      expect([message[0], notice[0]]).toEqual([201, 201]);
      expect(await shown()).toEqual([
        [message[1], 'un message', key],
        [notice[1], 'une annonce', null],
      ]);
    });
  });

  it('stand in a conversation when one is named: of any for a service, of their own for an administrator', async () => {
    const [teacher, parent, admin, stranger] = [aTeacher(), aParent(), anAdmin(), anAdmin()];
    const id = await school.group([teacher, parent, admin]);
    const sent = await post(attendance, { conversation_id: id });
    const message_id = results(sent)[0]?.message_id;
    expect(results(sent)).toEqual(
      [teacher, parent, admin].map((person) => ({ recipient_id: idOf(person), message_id, conversation_id: id })),
    );
    expect(await school.listed(teacher, id)).toMatchObject({ unread_count: 1, last_message_by: 'attendance-service' });
    expect((await post(admin, { conversation_id: id })).status).toBe(201);
    expect(refusal(await post(stranger, { conversation_id: id }))).toEqual([404, 'CONVERSATION_NOT_FOUND']);
    expect(refusal(await post(attendance, { conversation_id: randomUUID() }))).toEqual([404, 'CONVERSATION_NOT_FOUND']);
  });

  it('of a service in a conversation of two others are for both of them', async () => {
    const [teacher, parent] = [aTeacher(), aParent()];
    await school.meet(teacher, parent);
    const made = await school.make(teacher, { conversation_type: 'direct', participant_ids: [idOf(parent)] });
    const [result] = results(await post(attendance, { conversation_id: made.body.conversation_id }));
    const { body } = await service.call('GET', `/api/v1/messages/${result?.message_id}`, { as: parent });
    expect(body).toMatchObject({ sender_id: 'attendance-service', recipient_id: null });
  });

  it('take null for nothing, as other languages write what is left out', async () => {
    const parent = aParent();
    await school.meet(parent);
    const nothing = { conversation_id: null, title: null, metadata: null, dedupe_key: null };
    const [result] = results(await post(attendance, { recipient_ids: [idOf(parent)], ...nothing }));
    const { body } = await service.call('GET', `/api/v1/messages/${result?.message_id}`, { as: parent });
    expect(body).toMatchObject({ metadata: {}, client_message_id: null });
  });

  it('are limited by the minute for an administrator, a call counting once, and not for a service', async () => {
    const [admin, ...people] = [anAdmin(), aParent(), aParent(), aParent(), aParent()];
    await school.meet(...people);
    const recipient_ids = people.map(idOf);
    const calls = async (as: TestPerson): Promise<number[]> => {
      const statuses: number[] = [];
      for (let i = 0; i < 4; i += 1) statuses.push((await post(as, { recipient_ids })).status);
      return statuses;
    };
    expect(await calls(admin)).toEqual([201, 201, 201, 429]);
    expect(await calls(attendance)).toEqual([201, 201, 201, 201]);
  });

  it('take a thousand recipients in one call', async () => {
    const people = Array.from({ length: 1000 }, (_, i) => ({
      user_id: `bulk-${i}`,
      username: `bulk-${i}`,
      display_name: `Bulk ${i}`,
      role: 'parent',
    }));
    const synced = await service.call('PUT', '/api/v1/users', { as: attendance, body: { users: people } });
    expect(synced.status).toBe(200);
    const sent = await post(attendance, { recipient_ids: people.map(({ user_id }) => user_id) });
    expect(new Set(results(sent).map(({ message_id }) => message_id)).size).toBe(1000);
    const again = await post(attendance, { recipient_ids: [...people.map(({ user_id }) => user_id), 'one-more'] });
    expect(again.body.errors).toMatchObject([{ field: 'recipient_ids' }]);
  }, 60_000);

  it('come from sibling services and administrators only, by this route only', async () => {
    for (const person of [aParent(), aStudent(), aTeacher()]) {
      expect(refusal(await post(person, { recipient_ids: ['x'] }))).toEqual([403, 'FORBIDDEN']);
    }
    const [admin, parent] = [anAdmin(), aParent()];
    await school.meet(admin, parent);
    const body = { recipient_id: idOf(parent), content: 'système', message_type: 'system' };
    expect(refusal(await service.call('POST', '/api/v1/messages/send', { as: admin, body }))).toEqual([
      403,
      'FORBIDDEN',
    ]);
  });

  it.each([
    [{}, 'recipient_ids'],
    [{ recipient_ids: null, conversation_id: null }, 'recipient_ids'],
    [{ recipient_ids: ['1'], conversation_id: randomUUID() }, 'recipient_ids'],
    [{ recipient_ids: [] }, 'recipient_ids'],
    [{ conversation_id: 'not-a-uuid' }, 'conversation_id'],
    [{ recipient_ids: ['1'], content: '  ' }, 'content'],
    [{ recipient_ids: ['1'], content: 'x'.repeat(2001) }, 'content'],
    [{ recipient_ids: ['1'], title: '' }, 'title'],
    [{ recipient_ids: ['1'], dedupe_key: 'x'.repeat(65) }, 'dedupe_key'],
    [{ recipient_ids: ['1'], metadata: { nested: {} } }, 'metadata'],
  ])('refuse %j', async (body, field) => {
    const answer = await post(attendance, body);
    expect([answer.status, answer.body.errors]).toMatchObject([400, [{ field }]]);
  });
});
