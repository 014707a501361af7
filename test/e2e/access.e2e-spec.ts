import { randomUUID } from 'node:crypto';
import type { RouteTable } from '../../src/common/http/route-table';
import { CLIENT_EVENTS } from '../../src/contract/socket-events';
import { aParent, aStudent, aTeacher, anAdmin, idOf } from '../support/people';
import { School } from '../support/school';
import { ask, connectAs } from '../support/socket-client';
import { startTestApp, type Answer, type TestApp } from '../support/test-app';
import type { TestPerson } from '../support/tokens';

/** What a request is about: a conversation, one of its participants, and a message in it. */
interface Target {
  readonly conversation: string;
  readonly message: string;
  readonly participant: string;
}
interface Call {
  readonly path: string;
  readonly body?: unknown;
}
type Case = (target: Target) => Call;

const MESSAGES = '/api/v1/messages';
const ONE = `${MESSAGES}/conversations/:conversation_id`;

/**
 * A valid request for every route that is about a conversation. A route that stands in none of the three lists fails
 * the first test: say here what it is about.
 */
const ABOUT_A_CONVERSATION: Record<string, Case> = {
  [`POST ${MESSAGES}/send`]: ({ conversation }) => ({
    path: `${MESSAGES}/send`,
    body: { conversation_id: conversation, content: 'entrez' },
  }),
  [`GET ${MESSAGES}/history/:conversation_id`]: ({ conversation }) => ({ path: `${MESSAGES}/history/${conversation}` }),
  [`GET ${ONE}`]: ({ conversation }) => ({ path: `${MESSAGES}/conversations/${conversation}` }),
  [`PATCH ${ONE}`]: ({ conversation }) => ({
    path: `${MESSAGES}/conversations/${conversation}`,
    body: { title: 'pris' },
  }),
  [`PUT ${ONE}/archive`]: ({ conversation }) => ({
    path: `${MESSAGES}/conversations/${conversation}/archive`,
    body: { archived: true },
  }),
  [`PUT ${ONE}/mute`]: ({ conversation }) => ({
    path: `${MESSAGES}/conversations/${conversation}/mute`,
    body: { muted: true },
  }),
  [`POST ${ONE}/read`]: ({ conversation }) => ({ path: `${MESSAGES}/conversations/${conversation}/read` }),
  [`POST ${ONE}/participants`]: ({ conversation, participant }) => ({
    path: `${MESSAGES}/conversations/${conversation}/participants`,
    body: { user_ids: [participant] },
  }),
  [`DELETE ${ONE}/participants/:user_id`]: ({ conversation, participant }) => ({
    path: `${MESSAGES}/conversations/${conversation}/participants/${participant}`,
  }),
};
const ABOUT_A_MESSAGE: Record<string, Case> = {
  [`POST ${MESSAGES}/mark-read/:message_id`]: ({ message }) => ({ path: `${MESSAGES}/mark-read/${message}` }),
  [`GET ${MESSAGES}/:message_id`]: ({ message }) => ({ path: `${MESSAGES}/${message}` }),
  [`PATCH ${MESSAGES}/:message_id`]: ({ message }) => ({ path: `${MESSAGES}/${message}`, body: { content: 'pris' } }),
  [`DELETE ${MESSAGES}/:message_id`]: ({ message }) => ({ path: `${MESSAGES}/${message}` }),
};
/** Routes that name no conversation: they show the caller's own, or none. */
const ABOUT_NONE: readonly string[] = [
  'GET /',
  'GET /health',
  'GET /health/live',
  'GET /info',
  'GET /metrics',
  'GET /health/ready',
  `GET ${MESSAGES}/conversations`,
  `POST ${MESSAGES}/conversations`,
  'POST /api/v1/system-messages',
  'PUT /api/v1/users',
  'GET /api/v1/users',
  'GET /api/v1/users/:user_id',
  'GET /api/v1/presence/me',
  'PUT /api/v1/presence/me',
  'GET /api/v1/presence/:user_id',
  `GET ${MESSAGES}/online-users`,
  `GET ${MESSAGES}/sync`,
  `GET ${MESSAGES}/websocket/stats`,
  `GET ${MESSAGES}/stats`,
  'GET /admin/stats',
];
const ABOUT_NONE_BY_PREFIX = ['GET /docs'];

type EventCase = (target: Target) => unknown;
const EVENTS_ABOUT_A_CONVERSATION: Record<string, EventCase> = {
  [CLIENT_EVENTS.message]: ({ conversation }) => ({ conversation_id: conversation, content: 'entrez' }),
  [CLIENT_EVENTS.messageTyping]: ({ conversation }) => ({ conversation_id: conversation }),
  [CLIENT_EVENTS.messageStopTyping]: ({ conversation }) => ({ conversation_id: conversation }),
  [CLIENT_EVENTS.conversationJoin]: ({ conversation }) => ({ conversation_id: conversation }),
};
const EVENTS_ABOUT_A_MESSAGE: Record<string, EventCase> = {
  [CLIENT_EVENTS.messageRead]: ({ message }) => ({ message_id: message }),
  [CLIENT_EVENTS.messageEdit]: ({ message }) => ({ message_id: message, content: 'pris' }),
  [CLIENT_EVENTS.messageDelete]: ({ message }) => ({ message_id: message }),
  [CLIENT_EVENTS.messageDelivered]: ({ message }) => ({ message_id: message }),
};
/** Closing a view that is not open changes nothing, whatever it names. */
const EVENTS_ABOUT_NONE: readonly string[] = [
  CLIENT_EVENTS.authentication,
  CLIENT_EVENTS.conversationLeave,
  CLIENT_EVENTS.userStatusChange,
  CLIENT_EVENTS.sync,
  CLIENT_EVENTS.ping,
];

const attendance: TestPerson = { user_id: 'attendance-service', role: 'service' };
const randomTarget = (): Target => ({ conversation: randomUUID(), message: randomUUID(), participant: 'somebody' });

// Each walk is dozens of requests: a busy machine takes its time.
jest.setTimeout(60_000);

describe('who is not in a conversation', () => {
  let service: TestApp;
  let school: School;
  let routes: string[];
  beforeAll(async () => {
    service = await startTestApp();
    school = new School(service);
    const adapter = service.app.getHttpAdapter() as unknown as { routes: RouteTable };
    routes = adapter.routes.all().filter((route) => !/^(HEAD|OPTIONS) /.test(route));
  }, 60_000);
  afterAll(() => service.stop());

  const targetOf = async (sender: TestPerson, conversation: string): Promise<Target> => {
    const { body } = await school.send(sender, conversation, 'entre nous');
    return { conversation, message: body.message_id ?? '', participant: idOf(sender) };
  };

  const request = (as: TestPerson, route: string, { path, body }: Call): Promise<Answer> =>
    service.call(route.split(' ')[0] ?? '', path, { as, ...(body === undefined ? {} : { body }) });

  /** What tells one answer from another, for a client. */
  const shown = ({ status, headers, body }: Answer): unknown => {
    const without = (fields: Record<string, unknown>, ...names: string[]): unknown =>
      Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
    return {
      status,
      body: without(body, 'instance', 'request_id'),
      // The length goes with `instance`.
      headers: without(Object.fromEntries(headers), 'date', 'x-request-id', 'content-length'),
    };
  };

  /** Walks every route (and its alias) and event; each answers as if the target did not exist. */
  async function walk(
    outsider: TestPerson,
    target: Target,
    expected: { status?: number; cases?: Record<string, Case>; events?: Record<string, EventCase> } = {},
  ): Promise<void> {
    const { status = 404 } = expected;
    const cases = expected.cases ?? { ...ABOUT_A_CONVERSATION, ...ABOUT_A_MESSAGE };
    for (const [route, build] of Object.entries(cases)) {
      const random = build(randomTarget());
      const real = build(target);
      const absent = await request(outsider, route, random);
      const hidden = await request(outsider, route, real);
      const byAlias = await request(outsider, route, {
        ...real,
        path: real.path.replace(MESSAGES, '/api/v1/messaging'),
      });
      expect({ route, answer: shown(hidden) }).toEqual({ route, answer: shown(absent) });
      expect({ route, answer: shown(byAlias) }).toEqual({ route, answer: shown(absent) });
      expect({ route, status: hidden.status }).toEqual({ route, status });
    }
    if (status !== 404) return;
    const socket = await connectAs(service.url, outsider);
    const events = expected.events ?? { ...EVENTS_ABOUT_A_CONVERSATION, ...EVENTS_ABOUT_A_MESSAGE };
    for (const [event, build] of Object.entries(events)) {
      const absent = await ask(socket, event, build(randomTarget()));
      const hidden = await ask(socket, event, build(target));
      expect({ event, answer: hidden }).toEqual({ event, answer: absent });
      expect(hidden.ok).toBe(false);
    }
    socket.close();
  }

  it('has a case for every route of the running application, and for every event', () => {
    const named = [...Object.keys({ ...ABOUT_A_CONVERSATION, ...ABOUT_A_MESSAGE }), ...ABOUT_NONE].sort();
    const known = (route: string): boolean => ABOUT_NONE_BY_PREFIX.some((prefix) => route.startsWith(prefix));
    expect(routes.filter((route) => !known(route))).toEqual(named);
    const events = [
      ...Object.keys({ ...EVENTS_ABOUT_A_CONVERSATION, ...EVENTS_ABOUT_A_MESSAGE }),
      ...EVENTS_ABOUT_NONE,
    ];
    expect(Object.values(CLIENT_EVENTS).sort()).toEqual(events.sort());
  });

  it.each([
    ['a parent', aParent],
    ['a student', aStudent],
    ['a teacher', aTeacher],
    ['an administrator', anAdmin],
  ])('%s who was never in it: a group, a direct conversation', async (_who, someone) => {
    const [teacher, parent, outsider] = [aTeacher(), aParent(), someone()];
    const group = await school.group([teacher, parent]);
    await school.meet(outsider);
    await walk(outsider, await targetOf(parent, group));
    const direct = await school.make(teacher, { conversation_type: 'direct', participant_ids: [idOf(parent)] });
    await walk(outsider, await targetOf(parent, direct.body.conversation_id ?? ''));
  });

  it('a person who was taken out, and one who left', async () => {
    const [teacher, parent, out, left] = [aTeacher(), aParent(), aParent(), aTeacher()];
    const group = await school.group([teacher, parent, out, left]);
    const target = await targetOf(parent, group);
    await school.remove(teacher, group, out);
    await school.remove(left, group, left);
    for (const outsider of [out, left]) await walk(outsider, target);
  });

  it('who is neither the opener nor an administrator, of a support conversation; who is not one any more', async () => {
    const [opener, admin] = [aParent(), anAdmin()];
    const target = await targetOf(opener, await school.support(opener));
    expect((await school.get(admin, target.conversation)).status).toBe(200);
    await school.sync(admin, { role: 'teacher' });
    for (const outsider of [aParent(), aStudent(), aTeacher(), admin]) await walk(outsider, target);
  });

  it('a newcomer, of messages from before where the history is for those who were there', async () => {
    const [teacher, parent, late] = [aTeacher(), aParent(), aParent()];
    const group = await school.group([teacher, parent], { history: 'joined' });
    await school.meet(late);
    const target = await targetOf(parent, group);
    await school.add(teacher, group, late);
    await walk(late, target, { cases: ABOUT_A_MESSAGE, events: EVENTS_ABOUT_A_MESSAGE });
  });

  it('a sibling service', async () => {
    const [teacher, parent] = [aTeacher(), aParent()];
    await walk(attendance, await targetOf(parent, await school.group([teacher, parent])), { status: 403 });
  });

  it('a participant who was deactivated: refused before anything is looked at, and no socket opens', async () => {
    const [teacher, parent] = [aTeacher(), aParent()];
    const target = await targetOf(parent, await school.group([teacher, parent]));
    await school.sync(parent, { is_active: false });
    await walk(parent, target, { status: 401 });
    await expect(connectAs(service.url, parent)).rejects.toMatchObject({ data: { error_code: 'AUTH_FAILED' } });
  });
});
