import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { SystemClock } from '../../src/common/clock';
import { LocalWindow } from '../../src/rate-limits/local-window';
import { SharedWindow } from '../../src/rate-limits/shared-window';
import { RedisConnection } from '../../src/redis/redis-connection';
import { eventually } from '../support/eventually';
import { aParent, aTeacher, idOf } from '../support/people';
import { RedisServer } from '../support/redis-server';
import { connectAs, nextEvent, rawSocket } from '../support/socket-client';
import { startTestStore, type TestStore } from '../support/store';
import { startTestApp, type TestApp } from '../support/test-app';
import { tokenFor, type TestPerson } from '../support/tokens';

const LIMIT = 5;
const LONG_MS = 600_000;

describe('a window shared by two nodes', () => {
  let server: RedisServer;
  let connections: RedisConnection[];

  beforeAll(() => void Logger.overrideLogger(false));
  beforeEach(async () => {
    server = await RedisServer.start();
    connections = [new RedisConnection(server.url), new RedisConnection(server.url)];
    for (const connection of connections) connection.onModuleInit();
    await everyNode(true);
  });
  afterEach(async () => {
    for (const connection of connections) connection.onApplicationShutdown();
    await server.stop();
  });

  const everyNode = (ready: boolean): Promise<void> =>
    eventually(`Redis is ${ready ? 'ready' : 'away'}`, () => connections.every((c) => c.isReady() === ready));

  const twoNodes = (windowMs: number): SharedWindow[] =>
    connections.map(
      (c) => new SharedWindow('test', LIMIT, windowMs, new LocalWindow(LIMIT, windowMs, new SystemClock()), c),
    );

  /** Asks both nodes in turn. @returns the waits */
  async function alternate(windows: SharedWindow[], key: string, times: number): Promise<number[]> {
    const waits: number[] = [];
    for (let i = 0; i < times; i++) waits.push((await windows[i % 2]?.take(key))?.waitMs ?? -1);
    return waits;
  }
  const admitted = (waits: number[]): number => waits.filter((wait) => wait === 0).length;

  it('admits the limit in all, whichever nodes are asked, and says how long to wait', async () => {
    const waits = await alternate(twoNodes(LONG_MS), 'marie', 12);
    expect(waits.slice(0, LIMIT)).toEqual([0, 0, 0, 0, 0]);
    for (const wait of waits.slice(LIMIT)) {
      expect(wait).toBeGreaterThan(0);
      expect(wait).toBeLessThanOrEqual(LONG_MS);
    }
  });

  it('never admits more than the limit when everybody asks at once', async () => {
    const windows = twoNodes(LONG_MS);
    const answers = await Promise.all(Array.from({ length: 40 }, async (_, i) => windows[i % 2]?.take('marie')));
    expect(admitted(answers.map((answer) => answer?.waitMs ?? -1))).toBe(LIMIT);
  });

  it('keeps people apart', async () => {
    const windows = twoNodes(LONG_MS);
    await alternate(windows, 'marie', LIMIT);
    expect(admitted(await alternate(windows, 'paul', LIMIT))).toBe(LIMIT);
  });

  it('admits again when the first admission has left the window', async () => {
    const windows = twoNodes(1_000);
    expect(admitted(await alternate(windows, 'marie', LIMIT))).toBe(LIMIT);
    await eventually('there is room again', async () => admitted(await alternate(windows, 'marie', 1)) === 1);
  });

  it('gives back what turned out not to count, for every node', async () => {
    const [first, second] = twoNodes(LONG_MS) as [SharedWindow, SharedWindow];
    for (let i = 0; i < LIMIT - 1; i++) await first.take('marie');
    const repeated = await first.take('marie');
    expect((await second.take('marie')).waitMs).toBeGreaterThan(0);
    repeated.giveBack();
    await eventually('the place is free', async () => (await second.take('marie')).waitMs === 0);
    expect((await first.take('marie')).waitMs).toBeGreaterThan(0);
  });

  it.each([
    ['was killed', () => server.kill()],
    ['hangs', () => Promise.resolve(server.pause())],
  ])('counts per node, its own history included, while Redis %s', async (_how, goAway) => {
    const [first, second] = twoNodes(LONG_MS) as [SharedWindow, SharedWindow];
    for (let i = 0; i < 3; i++) await first.take('marie');
    await goAway();
    const here = await alternate([first, first], 'marie', LIMIT);
    const there = await alternate([second, second], 'marie', LIMIT + 1);
    expect([admitted(here), admitted(there)]).toEqual([LIMIT - 3, LIMIT]);
    server.resume();
  });

  it('counts over all nodes again when Redis is back', async () => {
    const windows = twoNodes(LONG_MS);
    await server.kill();
    await everyNode(false);
    await server.start();
    await everyNode(true);
    expect(admitted(await alternate(windows, 'marie', 12))).toBe(LIMIT);
  });
});

describe('two services on one store and one Redis', () => {
  let server: RedisServer;
  let store: TestStore;
  let nodes: [TestApp, TestApp];
  let teacher: TestPerson;
  let parent: TestPerson;

  beforeAll(async () => {
    server = await RedisServer.start();
    store = await startTestStore();
    const env = {
      REDIS_URL: server.url,
      MONGODB_URL: store.url,
      MONGODB_DATABASE: store.database,
      RATE_LIMIT_MESSAGES_PER_MINUTE: String(LIMIT),
      RATE_LIMIT_CHANGES_PER_MINUTE: String(LIMIT),
      RATE_LIMIT_CONNECTIONS_PER_MINUTE: String(LIMIT),
      MAX_CONNECTIONS_PER_USER: '100',
    };
    nodes = [await startTestApp(env), await startTestApp(env)];
    for (const node of nodes) {
      await eventually('Redis is ready', async () => (await node.call('GET', '/health')).body.status === 'healthy');
    }
  });
  afterAll(async () => {
    for (const node of nodes) await node.stop();
    await store.stop();
    await server.stop();
  });
  beforeEach(async () => {
    teacher = aTeacher();
    parent = aParent();
    await nodes[0].call('GET', '/api/v1/messages/conversations', { as: parent });
  });

  const send = (node: TestApp, content: string) =>
    node.call('POST', '/api/v1/messages/send', {
      as: teacher,
      body: { recipient_id: idOf(parent), content, client_message_id: content },
    });

  it('refuses the message above the limit on either, and never the resend of a known one', async () => {
    for (let i = 0; i < LIMIT; i++) expect((await send(nodes[i % 2 ? 1 : 0], `m${i}`)).status).toBe(201);
    for (const node of nodes) {
      expect(await send(node, 'one too many')).toMatchObject({ status: 429, body: { error_code: 'RATE_LIMITED' } });
      expect(await send(node, 'm0')).toMatchObject({ status: 200, body: { seq: 1 } });
    }
  });

  it('does not count resends', async () => {
    expect((await send(nodes[0], 'first')).status).toBe(201);
    for (let i = 0; i < 3 * LIMIT; i++) expect((await send(nodes[i % 2 ? 1 : 0], 'first')).status).toBe(200);
    for (let i = 1; i < LIMIT; i++) expect((await send(nodes[i % 2 ? 1 : 0], `m${i}`)).status).toBe(201);
    expect((await send(nodes[0], randomUUID())).status).toBe(429);
  });

  it('refuses the edit above the limit on either, and the deletion', async () => {
    const { message_id } = (await send(nodes[0], 'first')).body;
    const path = `/api/v1/messages/${message_id ?? ''}`;
    const edit = (node: TestApp, content: string) => node.call('PATCH', path, { as: teacher, body: { content } });
    for (let i = 0; i < LIMIT; i++) expect((await edit(nodes[i % 2 ? 1 : 0], `text ${i}`)).status).toBe(200);
    for (const node of nodes) {
      expect(await edit(node, 'one too many')).toMatchObject({ status: 429, body: { error_code: 'RATE_LIMITED' } });
      expect((await node.call('DELETE', path, { as: teacher })).status).toBe(429);
    }
  });

  it('refuses the connection above the limit on either', async () => {
    for (let i = 0; i < LIMIT; i++) (await connectAs(nodes[i % 2 ? 1 : 0].url, teacher)).disconnect();
    for (const { url } of nodes) {
      const socket = rawSocket(url, { token: tokenFor(teacher) });
      const refused = await new Promise<Error & { data?: unknown }>((resolve) => socket.once('connect_error', resolve));
      expect(refused.data).toMatchObject({ error_code: 'RATE_LIMITED' });
    }
  });

  it('says in /health when Redis is away, and goes on', async () => {
    await server.kill();
    const [node] = nodes;
    await eventually('degraded', async () => (await node.call('GET', '/health')).body.status === 'degraded');
    const report = await node.call('GET', '/health');
    expect(report).toMatchObject({ status: 200, body: { checks: { redis: { status: 'degraded' } } } });
    expect((await node.call('GET', '/health/ready')).status).toBe(200);
    const socket = await connectAs(node.url, parent);
    const received = nextEvent(socket, 'message_received');
    expect((await send(node, 'without Redis')).status).toBe(201);
    expect(await received).toMatchObject({ content: 'without Redis' });
    socket.disconnect();
    await server.start();
    await eventually('healthy', async () => (await node.call('GET', '/health')).body.status === 'healthy');
  });
});
