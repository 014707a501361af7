import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { aParent, aTeacher, idOf } from '../support/people';
import { ask, connectAs, type TestSocket } from '../support/socket-client';
import { startTestApp, type TestApp } from '../support/test-app';
import { signRaw, tokenFor } from '../support/tokens';

const SECRET_TEXT = 'zq-secret-text';

describe('bad input', () => {
  let service: TestApp;
  let socket: TestSocket;
  const [parent, teacher] = [aParent(), aTeacher()];
  beforeAll(async () => {
    service = await startTestApp();
    socket = await connectAs(service.url, parent);
    await service.call('GET', '/api/v1/messages/conversations', { as: teacher });
  }, 60_000);
  afterAll(async () => {
    socket.close();
    await service.stop();
  });

  const to = { recipient_id: idOf(teacher) };
  const BAD_MESSAGES: [string, unknown, string[]][] = [
    ['no content', { ...to }, ['content']],
    ['only white space', { ...to, content: ' \u200b\ufeff\n' }, ['content']],
    ['a lone surrogate', { ...to, content: 'a\ud800' }, ['content']],
    ['2,001 code points', { ...to, content: '👍'.repeat(2001) }, ['content']],
    ['content that is no text', { ...to, content: { text: SECRET_TEXT } }, ['content']],
    ['an operator as recipient', { recipient_id: { $ne: null }, content: SECRET_TEXT }, ['recipient_id']],
    ['a malformed conversation', { conversation_id: 'x', content: SECRET_TEXT }, ['conversation_id']],
    ['an unknown field', { ...to, content: SECRET_TEXT, sender_id: 'x' }, ['sender_id']],
    ['an unknown type', { ...to, content: SECRET_TEXT, message_type: 'video' }, ['message_type']],
    [
      'a key that is too long',
      { ...to, content: SECRET_TEXT, client_message_id: 'k'.repeat(65) },
      ['client_message_id'],
    ],
    ['nested metadata', { ...to, content: SECRET_TEXT, metadata: { a: { b: 1 } } }, ['metadata']],
    ['several at once', { ...to, content: 7, reply_to: 'x' }, ['content', 'reply_to']],
    ['neither conversation nor recipient', { content: SECRET_TEXT }, ['conversation_id']],
    ['nothing at all', {}, ['content', 'conversation_id']],
  ];

  it.each(BAD_MESSAGES)('names the failing fields on both doors: %s', async (_name, body, fields) => {
    const rest = await service.call('POST', '/api/v1/messages/send', { as: parent, body });
    expect(rest.status).toBe(400);
    expect(rest.headers.get('content-type')).toContain('application/problem+json');
    expect(rest.body).toMatchObject({
      error_code: 'VALIDATION_FAILED',
      status: 400,
      instance: '/api/v1/messages/send',
    });
    expect(rest.body.errors?.map(({ field }) => field).sort()).toEqual([...fields].sort());
    expect(rest.text).not.toContain(SECRET_TEXT);
    const ack = await ask(socket, 'message', body);
    expect(ack).toMatchObject({ ok: false, error: { error_code: 'VALIDATION_FAILED' } });
    const named = (ack as unknown as { error: { details: { errors: { field: string }[] } } }).error.details.errors;
    expect(named.map(({ field }) => field).sort()).toEqual([...fields].sort());
    expect(JSON.stringify(ack)).not.toContain(SECRET_TEXT);
  });

  it('names what a new conversation lacks, all of it', async () => {
    const fieldsOf = async (body: Record<string, unknown>) => {
      const answer = await service.call('POST', '/api/v1/messages/conversations', { as: teacher, body });
      return answer.body.errors?.map(({ field }) => field).sort();
    };
    expect(await fieldsOf({ conversation_type: 'group', posting: 'x' })).toEqual([
      'participant_ids',
      'posting',
      'title',
    ]);
    expect(await fieldsOf({ conversation_type: 'direct' })).toEqual(['participant_ids']);
    expect(await fieldsOf({ conversation_type: 'group', title: null, participant_ids: null })).toEqual([
      'participant_ids',
      'title',
    ]);
  });

  it('takes exactly 2,000 code points', async () => {
    const body = { ...to, content: '👩‍🏫'.repeat(666) + 'ab' };
    expect((await service.call('POST', '/api/v1/messages/send', { as: parent, body })).status).toBe(201);
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a number', 7],
    ['a list', [1, 2]],
    ['1,000 levels deep', JSON.parse('{"a":'.repeat(1000) + '1' + '}'.repeat(1000)) as unknown],
  ])('always calls the acknowledgement: a message that is %s', async (_name, payload) => {
    expect(await ask(socket, 'message', payload)).toMatchObject({
      ok: false,
      error: { error_code: 'VALIDATION_FAILED' },
    });
  });

  it('is nobody’s fault here: the log keeps silent', async () => {
    const logged = jest.spyOn(Logger.prototype, 'error');
    expect(await ask(socket, 'message', { ...to, content: '' })).toMatchObject({ ok: false });
    expect(await ask(socket, 'message_read', { message_id: randomUUID() })).toMatchObject({ ok: false });
    expect(await ask(socket, 'no_such_event', {})).toMatchObject({ ok: false });
    const body = { ...to, content: '' };
    expect((await service.call('POST', '/api/v1/messages/send', { as: parent, body })).status).toBe(400);
    expect(logged).not.toHaveBeenCalled();
    logged.mockRestore();
  });

  it('answers broken JSON without quoting it', async () => {
    const answer = await service.call('POST', '/api/v1/messages/send', {
      as: parent,
      body: `{"content": "${SECRET_TEXT}`,
    });
    expect([answer.status, answer.body.error_code]).toEqual([400, 'INVALID_JSON']);
    expect(answer.text).not.toContain(SECRET_TEXT);
  });

  it.each(['limit=0', 'limit=101', 'limit=', 'limit=0x10', 'limit=1e1', 'limit=5&limit=6', 'page=-1', 'after_seq=x'])(
    'refuses the page field %s',
    async (query) => {
      const answer = await service.call('GET', `/api/v1/messages/history/${randomUUID()}?${query}`, { as: parent });
      expect([answer.status, answer.body.error_code]).toEqual([400, 'VALIDATION_FAILED']);
      expect(answer.body.errors?.[0]?.field).toBe(query.split('=')[0]);
    },
  );

  it('answers an unknown or malformed id in a path with 404', async () => {
    for (const id of ['x', randomUUID(), '%24ne']) {
      const answer = await service.call('GET', `/api/v1/messages/history/${id}`, { as: parent });
      expect([answer.status, answer.body.error_code]).toEqual([404, 'CONVERSATION_NOT_FOUND']);
    }
  });

  it('refuses system messages from people', async () => {
    const body = { ...to, content: 'x', message_type: 'system' };
    const answer = await service.call('POST', '/api/v1/messages/send', { as: parent, body });
    expect([answer.status, answer.body.error_code]).toEqual([403, 'FORBIDDEN']);
  });

  it('answers a reply to a message of another conversation with MESSAGE_NOT_FOUND', async () => {
    const body = { ...to, content: 'x', reply_to: randomUUID() };
    const answer = await service.call('POST', '/api/v1/messages/send', { as: parent, body });
    expect([answer.status, answer.body.error_code]).toEqual([404, 'MESSAGE_NOT_FOUND']);
  });

  it.each([
    ['fr', 'fr'],
    ['en', 'en'],
    ['ar', 'ar'],
  ])('speaks %s', async (language) => {
    const answers = await Promise.all(
      ['fr', 'en', 'ar'].map((l) =>
        service.call('GET', '/api/v1/messages/conversations', { headers: { 'accept-language': l } }),
      ),
    );
    const details = answers.map(({ body }) => body['detail']);
    expect(new Set(details).size).toBe(3);
    const mine = await service.call('GET', '/api/v1/messages/conversations', {
      headers: { 'accept-language': language },
    });
    expect(details).toContain(mine.body['detail']);
  });

  describe('tokens', () => {
    const claims = { sub: 'x', user_id: 'x', role: 'parent', type: 'access' };
    const soon = Math.floor(Date.now() / 1000) + 600;
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(
      JSON.stringify({ ...claims, exp: soon }),
    ).toString('base64url')}.`;

    it.each([
      ['no exp', signRaw(claims)],
      ['expired', signRaw({ ...claims, exp: soon - 3600 })],
      ['another key', signRaw({ ...claims, exp: soon }, {}, 'another-secret-of-the-same-length-and-more')],
      ['another algorithm', signRaw({ ...claims, exp: soon }, { alg: 'HS512' })],
      ['unsigned', unsigned],
      ['crit', signRaw({ ...claims, exp: soon }, { crit: ['b64'], b64: false })],
      ['refresh', signRaw({ ...claims, exp: soon, type: 'refresh' })],
      ['unknown role', signRaw({ ...claims, exp: soon, role: 'root' })],
      ['rubbish', 'a.b.c'],
    ])('refuses a token: %s', async (_name, token) => {
      const answer = await service.call('GET', '/api/v1/messages/conversations', { as: token });
      expect([answer.status, answer.body.error_code]).toEqual([401, 'AUTH_FAILED']);
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
      expect(answer.text).not.toContain(token);
    });

    it('asks for one where none is given', async () => {
      const answer = await service.call('GET', '/api/v1/messages/conversations');
      expect([answer.status, answer.body.error_code]).toEqual([401, 'AUTH_REQUIRED']);
    });

    it('accepts 5 s of clock leeway', async () => {
      const token = signRaw({ ...claims, exp: Math.floor(Date.now() / 1000) - 2 });
      expect((await service.call('GET', '/api/v1/messages/conversations', { as: token })).status).toBe(200);
    });

    it('lets a sibling service sync the directory and nothing else', async () => {
      const token = tokenFor({ user_id: 'attendance-service', role: 'service' });
      const users = [{ user_id: '4711', username: 'a', display_name: 'A', role: 'parent' }];
      expect((await service.call('PUT', '/api/v1/users', { as: token, body: { users } })).status).toBe(200);
      const answer = await service.call('GET', '/api/v1/messages/conversations', { as: token });
      expect([answer.status, answer.body.error_code]).toEqual([403, 'FORBIDDEN']);
      const byParent = await service.call('PUT', '/api/v1/users', { as: parent, body: { users } });
      expect([byParent.status, byParent.body.error_code]).toEqual([403, 'FORBIDDEN']);
    });

    it('takes a thousand people in one sync, and no more', async () => {
      const users = Array.from({ length: 1001 }, (_, i) => ({
        user_id: `bulk-${i}`,
        username: `bulk-${i}`,
        display_name: `Bulk ${i}`,
        role: 'student',
        email: `bulk-${i}@example.org`,
      }));
      const service_ = tokenFor({ user_id: 'users', role: 'service' });
      const put = (body: unknown) => service.call('PUT', '/api/v1/users', { as: service_, body });
      expect((await put({ users: users.slice(0, 1000) })).status).toBe(200);
      expect((await put({ users })).body.errors?.[0]?.field).toBe('users');
    });

    it('refuses the token of a person whom the directory calls inactive', async () => {
      const person = aParent();
      const users = [{ user_id: idOf(person), username: 'i', display_name: 'I', role: 'parent', is_active: false }];
      const service_ = tokenFor({ user_id: 'users', role: 'service' });
      expect((await service.call('PUT', '/api/v1/users', { as: service_, body: { users } })).status).toBe(200);
      const answer = await service.call('GET', '/api/v1/messages/conversations', { as: person });
      expect([answer.status, answer.body.error_code]).toEqual([401, 'AUTH_FAILED']);
      const written = await service.call('POST', '/api/v1/messages/send', {
        as: teacher,
        body: { recipient_id: idOf(person), content: 'x' },
      });
      expect([written.status, written.body.error_code]).toEqual([403, 'FORBIDDEN']);
    });
  });
});
