import { Logger } from '@nestjs/common';
import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { NOTIFICATION_CHANNEL, type NotificationEvent } from '../../src/contract/notification-event';
import { NotificationRunner } from '../../src/notifications/notification-runner';
import { RedisConnection } from '../../src/redis/redis-connection';
import { eventually } from '../support/eventually';
import { aParent, anAdmin, aStudent, aTeacher, idOf } from '../support/people';
import { RedisServer } from '../support/redis-server';
import { connectAs } from '../support/socket-client';
import { startTestStore, type TestStore } from '../support/store';
import { startTestApp, type Answer, type CallOptions, type TestApp } from '../support/test-app';
import { DAY_MS, MINUTE_MS, TestClock } from '../support/test-clock';
import { tokenFor, type TestPerson } from '../support/tokens';

const SECOND_MS = 1_000;
const MARK = 'everything before this was heard';

describe('notification events', () => {
  const clock = new TestClock();
  let server: RedisServer;
  let store: TestStore;
  /** The latest answers requests: passport keeps one strategy a process, that of the application made last. */
  const nodes: TestApp[] = [];
  let subscriber: RedisConnection;
  let heard: string[];
  let teacher: TestPerson;
  let parent: TestPerson;

  const startNode = async (env: Record<string, string> = {}): Promise<TestApp> => {
    const shared = { REDIS_URL: server.url, MONGODB_URL: store.url, MONGODB_DATABASE: store.database };
    const started = await startTestApp({ ...shared, ...env }, clock);
    nodes.push(started);
    await eventually('Redis is ready', () => redisOf(started).isReady());
    return started;
  };

  beforeAll(async () => {
    Logger.overrideLogger(false);
    server = await RedisServer.start();
    store = await startTestStore();
    await startNode();
    subscriber = new RedisConnection(server.url);
    subscriber.subscribe(NOTIFICATION_CHANNEL, (message) => heard.push(message));
    subscriber.onModuleInit();
    await eventually('the subscriber is ready', () => subscriber.isReady());
    await runAll(); // where the log begins for the runner
  });
  afterAll(async () => {
    await stopAll();
    subscriber.onApplicationShutdown();
    await store.stop();
    await server.stop();
  });
  beforeEach(async () => {
    heard = [];
    [teacher, parent] = [aTeacher(), aParent()];
    for (const person of [teacher, parent]) await enter(person);
  });

  const runnerOf = ({ app }: TestApp): NotificationRunner => app.get(NotificationRunner, { strict: false });
  const redisOf = ({ app }: TestApp): RedisConnection => app.get(RedisConnection, { strict: false });
  const latest = (): TestApp => nodes.at(-1) as TestApp;
  const runAll = (): Promise<unknown> => Promise.all(nodes.map((node) => runnerOf(node).run()));
  const stopAll = async (): Promise<void> => {
    for (const node of nodes.splice(0)) await node.stop();
  };
  const collection = (name: string) =>
    latest().app.get<Connection>(getConnectionToken(), { strict: false }).collection(name);
  const call = (person: TestPerson, method: string, path: string, body?: CallOptions['body']): Promise<Answer> =>
    latest().call(method, path, {
      as: tokenFor(person, { exp: Math.floor((clock.now() + DAY_MS) / 1000) }),
      ...(body === undefined ? {} : { body }),
    });
  /** The directory learns a person from a token. */
  const enter = (person: TestPerson): Promise<Answer> => call(person, 'GET', '/api/v1/messages/conversations');

  async function send(from: TestPerson, to: TestPerson | string, content = 'Bonjour'): Promise<Answer['body']> {
    const target = typeof to === 'string' ? { conversation_id: to } : { recipient_id: idOf(to) };
    const { status, body } = await call(from, 'POST', '/api/v1/messages/send', { ...target, content });
    expect(status).toBe(201);
    return body;
  }

  /** What is published when every node looks `afterMs` later. */
  async function eventsAfter(afterMs: number): Promise<NotificationEvent[]> {
    clock.advance(afterMs);
    heard = [];
    await runAll();
    await subscriber.publish(NOTIFICATION_CHANNEL, MARK);
    await eventually('the mark is heard', () => heard.includes(MARK));
    return heard.slice(0, heard.indexOf(MARK)).map((message) => JSON.parse(message) as NotificationEvent);
  }
  const messagesTold = (events: NotificationEvent[]): string[] => events.map(({ data }) => data.message_id);

  it('tells of a message that reached nobody 60 s after its commit, once, without its content', async () => {
    const people = [{ user_id: idOf(parent), username: 'p', display_name: 'Marie Martin', role: 'parent' }];
    await call(anAdmin(), 'PUT', '/api/v1/users', { users: [{ ...people[0], email: 'marie@school.example' }] });
    const message = await send(teacher, parent, 'Pouvez-vous venir mardi ?');
    expect(await eventsAfter(59 * SECOND_MS)).toEqual([]);
    const events = await eventsAfter(2 * SECOND_MS);
    expect(events).toEqual([
      {
        event_type: 'message_received',
        source_service: 'messaging-service',
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
        data: {
          message_id: message.message_id,
          sender_id: idOf(teacher),
          sender_name: teacher.name,
          recipient_id: idOf(parent),
          recipient_name: 'Marie Martin',
          recipient_email: 'marie@school.example',
          content: '',
          sent_at: message.created_at,
        },
      },
    ]);
    expect(await eventsAfter(5 * SECOND_MS)).toEqual([]);
  });

  it('carries no address for who has none', async () => {
    await send(teacher, parent);
    expect(await eventsAfter(MINUTE_MS)).toMatchObject([{ data: { recipient_email: null } }]);
  });

  it('tells of nothing that was read meanwhile', async () => {
    const { message_id } = await send(teacher, parent);
    await call(parent, 'POST', `/api/v1/messages/mark-read/${message_id}`);
    expect(await eventsAfter(MINUTE_MS)).toEqual([]);
  });

  it('tells of nothing that a device has received', async () => {
    const { conversation_id } = await send(teacher, parent);
    await collection('memberships').updateOne(
      { _id: `${conversation_id}/${idOf(parent)}` as never },
      { $set: { delivered_seq: 1 } },
    );
    expect(await eventsAfter(MINUTE_MS)).toEqual([]);
  });

  it('tells nobody who is connected, and does not make up for it when they leave', async () => {
    const socket = await connectAs(latest().url, parent);
    await send(teacher, parent);
    expect(await eventsAfter(MINUTE_MS)).toEqual([]);
    const gone = new Promise((resolve) => socket.once('disconnect', resolve));
    socket.disconnect();
    await gone;
    expect(await eventsAfter(MINUTE_MS)).toEqual([]);
  });

  it('tells nobody who has muted the conversation, until the mute ends', async () => {
    const { conversation_id } = await send(teacher, parent);
    const until = new Date(clock.now() + 5 * MINUTE_MS).toISOString();
    const muted = await call(parent, 'PUT', `/api/v1/messages/conversations/${conversation_id}/mute`, {
      muted: true,
      until,
    });
    expect(muted.status).toBe(200);
    expect(await eventsAfter(MINUTE_MS)).toEqual([]);
    clock.advance(5 * MINUTE_MS);
    const later = await send(teacher, parent);
    expect(messagesTold(await eventsAfter(MINUTE_MS))).toHaveLength(1);
    expect(later.seq).toBe(2);
  });

  it('tells nobody who wants no e-mails, and nobody who is not active', async () => {
    const [quiet, gone] = [aParent(), aParent()];
    for (const person of [quiet, gone]) await enter(person);
    await collection('user_status').updateOne(
      { _id: idOf(quiet) as never },
      { $set: { notification_settings: { email_notifications: false } } },
    );
    await send(teacher, quiet);
    await send(teacher, gone);
    // What a directory source speaks of is read anew at once.
    const users = [quiet, gone].map((person) => ({
      user_id: idOf(person),
      username: idOf(person),
      display_name: 'P',
      role: 'parent',
      is_active: person !== gone,
    }));
    await call(anAdmin(), 'PUT', '/api/v1/users', { users });
    expect(await eventsAfter(MINUTE_MS)).toEqual([]);
  });

  it('tells of nothing that was deleted meanwhile, but of what came after it', async () => {
    const first = await send(teacher, parent, 'withdrawn');
    const second = await send(teacher, parent, 'stands');
    expect((await call(teacher, 'DELETE', `/api/v1/messages/${first.message_id}`)).status).toBeLessThan(300);
    expect(messagesTold(await eventsAfter(MINUTE_MS))).toEqual([second.message_id]);
  });

  it('tells at most once in 15 minutes per recipient and conversation, of the oldest that waits', async () => {
    const first = await send(teacher, parent, 'one');
    await send(teacher, parent, 'two');
    expect(messagesTold(await eventsAfter(MINUTE_MS))).toEqual([first.message_id]);
    await send(teacher, parent, 'three');
    expect(await eventsAfter(10 * MINUTE_MS)).toEqual([]);
    const elsewhere = aTeacher();
    await enter(elsewhere);
    const other = await send(elsewhere, parent, 'another conversation');
    expect(messagesTold(await eventsAfter(2 * MINUTE_MS))).toEqual([other.message_id]);
    await send(teacher, parent, 'four');
    await call(parent, 'POST', `/api/v1/messages/conversations/${other.conversation_id}/read`);
    const told = await eventsAfter(5 * MINUTE_MS);
    expect(told).toHaveLength(1);
    expect(told[0]?.data.sender_id).toBe(idOf(teacher));
  });

  it('tells everybody in a group whom it did not reach, and neither its sender nor who was taken out', async () => {
    const [reader, away, removed] = [aParent(), aParent(), aStudent()];
    for (const person of [reader, away, removed]) await enter(person);
    const group = await call(teacher, 'POST', '/api/v1/messages/conversations', {
      conversation_type: 'group',
      title: 'Sortie',
      participant_ids: [reader, away, removed].map(idOf),
    });
    const id = group.body.conversation_id ?? '';
    const { message_id } = await send(teacher, id);
    await call(reader, 'POST', `/api/v1/messages/mark-read/${message_id}`);
    await call(teacher, 'DELETE', `/api/v1/messages/conversations/${id}/participants/${idOf(removed)}`);
    const events = await eventsAfter(MINUTE_MS);
    expect(events.map(({ data }) => data.recipient_id)).toEqual([idOf(away)]);
  });

  it('goes on where it was after a restart within the 60 s', async () => {
    const message = await send(teacher, parent);
    await stopAll();
    clock.advance(30 * SECOND_MS);
    await startNode();
    expect(await eventsAfter(0)).toEqual([]);
    expect(messagesTold(await eventsAfter(30 * SECOND_MS))).toEqual([message.message_id]);
  });

  it('is done by one node among several', async () => {
    await startNode();
    const message = await send(teacher, parent);
    expect(messagesTold(await eventsAfter(MINUTE_MS))).toEqual([message.message_id]);
  });

  it('loses nothing and repeats nothing when Redis was away', async () => {
    const early = await send(teacher, parent);
    await server.kill();
    const everyone = [...nodes.map(redisOf), subscriber];
    await eventually('the loss is seen', () => everyone.every((redis) => !redis.isReady()));
    clock.advance(MINUTE_MS);
    await runAll();
    const late = aTeacher();
    await enter(late);
    const message = await send(late, parent);
    await server.start();
    await eventually('Redis is back', () => everyone.every((redis) => redis.isReady()));
    expect(messagesTold(await eventsAfter(MINUTE_MS)).sort()).toEqual([early.message_id, message.message_id].sort());
    expect(await eventsAfter(MINUTE_MS)).toEqual([]);
  });

  it('tells the rest when Redis goes away between two of them', async () => {
    const teachers = [aTeacher(), aTeacher(), aTeacher()];
    for (const person of teachers) await enter(person);
    for (const person of teachers) await send(person, parent);
    await stopAll();
    const redis = redisOf(await startNode());
    const publish = redis.publish.bind(redis);
    let published = 0;
    const failing = jest.spyOn(redis, 'publish').mockImplementation(async (channel, message) => {
      if (++published > 1) throw new Error('away');
      await publish(channel, message);
    });
    const before = await eventsAfter(MINUTE_MS);
    failing.mockRestore();
    const after = await eventsAfter(5 * SECOND_MS);
    expect([before.length, after.length]).toEqual([1, 2]);
    expect(new Set([...before, ...after].map(({ data }) => data.sender_id))).toEqual(new Set(teachers.map(idOf)));
  });

  it('carries the content when the settings say so', async () => {
    await stopAll();
    await startNode({ NOTIFICATION_CONTENT: 'full' });
    await send(teacher, parent, 'À mardi !');
    expect(await eventsAfter(MINUTE_MS)).toMatchObject([{ data: { content: 'À mardi !' } }]);
  });
});
