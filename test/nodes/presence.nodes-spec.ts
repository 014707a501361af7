import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ConnectionRegistry } from '../../src/presence/connection-registry';
import { type Device, type Footprint, livingDevices, onlineFor } from '../../src/presence/presence-rules';
import { Presence } from '../../src/presence/presence';
import { PresenceTimings } from '../../src/presence/presence-timings';
import { SharedPeople, type Step } from '../../src/presence/shared-people';
import type { SharedPresence } from '../../src/presence/shared-presence';
import type { PresencePayload, UserStatusPayload, WebsocketStats } from '../../src/contract/payloads';
import { RedisConnection } from '../../src/redis/redis-connection';
import { redisScript } from '../../src/redis/redis-script';
import { eventually } from '../support/eventually';
import { Cluster, type ServiceNode } from '../support/nodes';
import { aParent, aTeacher, anAdmin, idOf } from '../support/people';
import { PlainClient } from '../support/plain-client';
import { RedisServer } from '../support/redis-server';
import { School } from '../support/school';
import { connectAs, nextEvent, type TestSocket } from '../support/socket-client';
import { startTestStore, type TestStore } from '../support/store';
import { startTestApp, type TestApp } from '../support/test-app';
import { tokenFor, type TestPerson } from '../support/tokens';

const FAR_MS = 1_000_000;

describe('the scripts', () => {
  const NODES = ['a', 'b', 'c'] as const;
  const PLACES = 3;
  const timings: PresenceTimings = { graceMs: FAR_MS, leaseMs: FAR_MS, beatMs: FAR_MS, returnMs: FAR_MS };
  let server: RedisServer;
  let redis: RedisConnection;
  beforeAll(async () => {
    Logger.overrideLogger(false);
    server = await RedisServer.start();
    redis = new RedisConnection(server.url);
    redis.onModuleInit();
    await eventually('Redis is ready', () => redis.isReady());
  });
  afterAll(async () => {
    redis.onApplicationShutdown();
    await server.stop();
  });

  const aStep = fc.record({
    step: fc.constantFrom<Step | 'die' | 'live' | 'reap'>('take', 'open', 'close', 'settle', 'die', 'live', 'reap'),
    node: fc.constantFrom(...NODES),
    id: fc.constantFrom('1', '2', '3'),
  });

  /** The same by the rules: nodes live or are dead, and the time to return is over at once or never. */
  class Model {
    devices: Device[] = [];
    left = false;
    readonly dead = new Set<string>();
    constructor(readonly grace: boolean) {}
    leases = (): Map<string, number> => new Map(NODES.map((node) => [node, this.dead.has(node) ? 0 : Infinity]));
    living(): Device[] {
      return livingDevices({ devices: this.devices, leftAt: 0 }, { now: 1, leases: this.leases(), graceMs: 0 });
    }
    isOnline(): boolean {
      const footprint = { devices: this.devices, leftAt: this.left && this.grace ? FAR_MS : 0 };
      return onlineFor(footprint, { now: 1, leases: this.leases(), graceMs: 0 }) > 0;
    }
    apply(step: Step, node: string, id: string): number | 'gone' | 'later' | 'register first' {
      if (this.dead.has(node)) return 'register first';
      const was = this.isOnline();
      if (step === 'settle') return this.settle(was);
      const mine = this.living().find((device) => device.node === node && device.id === id);
      const others = this.living().filter((device) => device !== mine);
      if (step === 'take') {
        const isFree = others.length < PLACES;
        this.devices = isFree ? [...others, { node, id, isOpen: false }] : others;
        return isFree ? 1 : 0;
      }
      this.devices = step === 'open' ? [...others, { node, id, isOpen: true }] : others;
      if (step === 'open') this.left = false;
      else if (mine?.isOpen) this.left = true;
      return step === 'open' && !was ? 1 : 0;
    }
    /** @returns whether the person is found to have gone. */
    reap(): boolean {
      const isGone = (this.devices.length > 0 || this.left) && this.living().length === 0 && !this.isOnline();
      this.devices = this.living();
      if (isGone) this.left = false;
      return isGone;
    }
    private settle(was: boolean): number | 'gone' | 'later' {
      if (was) return this.living().some(({ isOpen }) => isOpen) ? 0 : 'later';
      const told = this.left;
      this.left = false;
      this.devices = this.living();
      return told ? 'gone' : 0;
    }
  }

  it.each([
    ['while there is time to return', FAR_MS],
    ['without time to return', 0],
  ])('do what the rules say, whatever happens, %s', async (_name, graceMs) => {
    await fc.assert(
      fc.asyncProperty(fc.array(aStep, { minLength: 1, maxLength: 25 }), async (steps) => {
        const people = new SharedPeople(redis, randomUUID(), { ...timings, graceMs });
        const model = new Model(graceMs > 0);
        for (const node of NODES) await people.lease(node, FAR_MS);
        const gone: string[] = [];
        let told = 0;
        for (const { step, node, id } of steps) {
          if (step === 'die') {
            model.dead.add(node);
            await people.lease(node, -FAR_MS);
          } else if (step === 'live' || step === 'reap') {
            // A node that comes back has another name: what it held before was reaped.
            await people.reap((userId) => gone.push(userId));
            if (model.reap()) told += 1;
            expect(gone).toHaveLength(told);
            if (step === 'live' && model.dead.delete(node)) await people.lease(node, FAR_MS);
          } else {
            const answer = await people.step('marie', step, node, id, PLACES);
            const expected = model.apply(step, node, id);
            if (expected === 'register first') expect(answer).toBeUndefined();
            else if (expected === 'gone') expect(answer).toBeLessThan(0);
            else if (expected === 'later') expect(answer).toBeGreaterThan(0);
            else expect(Math.abs(answer ?? NaN)).toBe(expected);
          }
          await people.read(['marie'], (_id, footprint: Footprint, moment) => {
            expect(onlineFor(footprint, moment) > 0).toBe(model.isOnline());
            const sorted = (devices: readonly Device[]) =>
              devices.map(({ node: n, id: i, isOpen }) => `${n}${i}${isOpen}`).sort();
            expect(sorted(livingDevices(footprint, moment))).toEqual(sorted(model.living()));
          });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('never give more places than there are, however many ask at once', async () => {
    const people = new SharedPeople(redis, randomUUID(), timings);
    for (const node of NODES) await people.lease(node, FAR_MS);
    const asked = Array.from({ length: 30 }, (_, i) =>
      people.step('marie', 'take', NODES[i % 3] ?? 'a', `${i}`, PLACES),
    );
    expect((await Promise.all(asked)).filter((answer) => answer === 1)).toHaveLength(PLACES);
  });

  it('bring a person online once and take them away once, whichever nodes ask', async () => {
    const people = new SharedPeople(redis, randomUUID(), { ...timings, graceMs: 1 });
    for (const node of NODES) await people.lease(node, FAR_MS);
    const all = (step: Step) => Promise.all(NODES.map((node) => people.step('marie', step, node, '1', PLACES)));
    await all('take');
    expect((await all('open')).filter((answer) => answer === 1)).toHaveLength(1);
    await all('close');
    const settled: (number | undefined)[] = [];
    const isGone = (answer: number | undefined): boolean => (answer ?? 0) < 0;
    await eventually('gone', async () => {
      settled.push(...(await all('settle')));
      return settled.some(isGone);
    });
    expect([...settled, ...(await all('settle'))].filter(isGone)).toHaveLength(1);
  });
});

describe('presence over two nodes', () => {
  const TIMINGS = { graceMs: 1_000, leaseMs: 4_000, beatMs: 200, returnMs: 4_000 };
  let server: RedisServer;
  let store: TestStore;
  let nodes: [TestApp, TestApp];
  let third: TestApp;
  /** It does not beat: what it does about its lease it does when that is needed. */
  let still: TestApp;
  let school: School;
  let teacher: TestPerson;
  let parent: TestPerson;
  let sockets: { close(): unknown }[] = [];
  const failures: unknown[] = [];
  const note = (error: unknown): void => void failures.push(error);

  beforeAll(async () => {
    process.on('unhandledRejection', note);
    server = await RedisServer.start();
    store = await startTestStore();
    const env = { REDIS_URL: server.url, MONGODB_URL: store.url, MONGODB_DATABASE: store.database };
    // First: passport knows one strategy a process, that of the application made last.
    third = await startTestApp(env, undefined, TIMINGS);
    still = await startTestApp(env, undefined, { ...TIMINGS, leaseMs: 60_000, beatMs: FAR_MS });
    nodes = [await startTestApp(env, undefined, TIMINGS), await startTestApp(env, undefined, TIMINGS)];
    school = new School(nodes[0]);
    await healthy();
  }, 60_000);
  beforeEach(async () => {
    [teacher, parent] = [aTeacher(), aParent()];
    await school.group([teacher, parent]);
  });
  afterEach(() => {
    for (const socket of sockets) socket.close();
    sockets = [];
  });
  afterAll(async () => {
    for (const node of [...nodes, still]) await node.stop();
    await store.stop();
    await server.stop();
    process.off('unhandledRejection', note);
    expect(failures).toEqual([]);
  });

  /** Redis answers, and what one node says the other hears. */
  const healthy = async (): Promise<void> => {
    for (const node of nodes) {
      await eventually('Redis is ready', async () => (await node.call('GET', '/health')).body.status === 'healthy');
    }
    const probe = await connectAs(nodes[0].url, aTeacher());
    await eventually('a node knows what the other has', async () => (await stats(nodes[1])).users_online > 0);
    probe.close();
  };
  const connect = async (node: TestApp, person: TestPerson): Promise<TestSocket> => {
    const socket = await connectAs(node.url, person);
    sockets.push(socket);
    return socket;
  };
  const stats = async (node: TestApp): Promise<WebsocketStats> => {
    const { text } = await node.call('GET', '/api/v1/messages/websocket/stats', { as: anAdmin() });
    return JSON.parse(text) as WebsocketStats;
  };
  const status = async (node: TestApp, of = parent): Promise<string> => {
    const { text } = await node.call('GET', `/api/v1/presence/${idOf(of)}`, { as: teacher });
    return (JSON.parse(text) as UserStatusPayload).online_status;
  };
  const events = (socket: TestSocket): string[] => {
    const heard: string[] = [];
    for (const event of ['user_online', 'user_offline', 'user_status_change'] as const) {
      socket.on(event, ({ user_id, online_status }: PresencePayload) => {
        if (user_id === idOf(parent)) heard.push(`${event} ${online_status}`);
      });
    }
    return heard;
  };
  const isRefused = (node: TestApp): Promise<void> =>
    expect(connect(node, parent)).rejects.toMatchObject({ data: { error_code: 'TOO_MANY_CONNECTIONS' } });
  const isHeard = (heard: string[], ...expected: string[]): Promise<void> =>
    eventually(`${expected.join()} is heard`, () => heard.length >= expected.length).then(() =>
      expect(heard).toEqual(expected),
    );

  it('tells of who comes, chooses and goes on the other node, once', async () => {
    const heard = events(await connect(nodes[0], teacher));
    const socket = await connect(nodes[1], parent);
    await isHeard(heard, 'user_online online');
    expect(await status(nodes[0])).toBe('online');
    await nodes[0].call('PUT', '/api/v1/presence/me', { as: parent, body: { online_status: 'away' } });
    await isHeard(heard, 'user_online online', 'user_status_change away');
    for (const node of nodes) expect(await status(node)).toBe('away');
    socket.close();
    await isHeard(heard, 'user_online online', 'user_status_change away', 'user_offline offline');
    expect(await status(nodes[1])).toBe('offline');
  });

  it('is one person on both nodes: nothing happens between the first device and the last', async () => {
    const heard = events(await connect(nodes[0], teacher));
    const first = await connect(nodes[0], parent);
    await isHeard(heard, 'user_online online');
    const second = await PlainClient.as(nodes[1].url, parent);
    const own = await nodes[0].call('GET', '/api/v1/presence/me', { as: parent });
    expect(own.body['active_connections']).toHaveLength(2);
    first.close();
    await eventually('one is left', async () => {
      const { body } = await nodes[0].call('GET', '/api/v1/presence/me', { as: parent });
      return (body['active_connections'] as string[]).length === 1;
    });
    const third = await connect(nodes[0], parent);
    second.close();
    await eventually('the third is left', async () => {
      const { body } = await nodes[1].call('GET', '/api/v1/presence/me', { as: parent });
      return String(body['active_connections']) === third.id;
    });
    third.close();
    await isHeard(heard, 'user_online online', 'user_offline offline');
  });

  it('refuses the sixth socket over both nodes and doors; the five stay', async () => {
    for (let i = 0; i < 3; i++) await connect(nodes[0], parent);
    for (let i = 0; i < 2; i++) sockets.push(await PlainClient.as(nodes[1].url, parent));
    for (const node of nodes) {
      await isRefused(node);
      const plain = await PlainClient.open(node.url, `/ws?token=${tokenFor(parent)}`);
      expect(await plain.event('error')).toMatchObject({ error_code: 'TOO_MANY_CONNECTIONS' });
      expect(await plain.closed).toBe(4429);
    }
    const { body } = await nodes[0].call('GET', '/api/v1/presence/me', { as: parent });
    expect(body['active_connections']).toHaveLength(5);
    sockets.pop()?.close();
    await eventually('a place is free', async () => {
      try {
        await connect(nodes[0], parent);
        return true;
      } catch {
        return false;
      }
    });
  });

  it('counts the people and sockets of both nodes', async () => {
    await eventually('nobody is left', async () => (await stats(nodes[0])).users_online === 0);
    await connect(nodes[0], parent);
    await connect(nodes[1], parent);
    await connect(nodes[1], teacher);
    for (const node of nodes) {
      const expected = { total_connections: 3, authenticated_connections: 3, users_online: 2 };
      await eventually('both are counted', async () => {
        const { total_connections, authenticated_connections, users_online } = await stats(node);
        return (
          JSON.stringify({ total_connections, authenticated_connections, users_online }) === JSON.stringify(expected)
        );
      });
    }
  });

  it.each([
    ['there is a place', 3],
    ['there is none', 4],
  ])('a node that Redis no longer knows registers when the next socket comes and %s', async (_place, held) => {
    const elsewhere = await connect(nodes[0], parent);
    for (let i = 0; i < held; i++) await connect(still, parent);
    const redis = nodes[0].app.get(RedisConnection, { strict: false });
    await redis.evaluate(redisScript("redis.call('FLUSHALL') return 0"), 'everything', []);
    const known = async (): Promise<string[]> => {
      const { body } = await nodes[1].call('GET', '/api/v1/presence/me', { as: parent });
      return body['active_connections'] as string[];
    };
    await eventually('its next beat registers the other', async () => String(await known()) === elsewhere.id);
    if (held < 4) await connect(still, parent);
    for (const node of [still, nodes[1]]) await isRefused(node);
    expect(await known()).toHaveLength(5);
  });

  it('shows people of the other node in conversations and lists', async () => {
    const group = await school.group([teacher, parent]);
    await school.send(teacher, group);
    await connect(nodes[1], parent);
    await eventually('online', async () => (await status(nodes[0])) === 'online');
    const { body } = await nodes[0].call('GET', `/api/v1/messages/conversations/${group}`, { as: teacher });
    expect(body.participant_details?.find(({ user_id }) => user_id === idOf(parent))?.online_status).toBe('online');
    for (const scope of ['contacts', 'all']) {
      const answer = await nodes[0].call('GET', `/api/v1/messages/online-users?scope=${scope}`, { as: teacher });
      expect((JSON.parse(answer.text) as UserStatusPayload[]).map(({ user_id }) => user_id)).toContain(idOf(parent));
    }
  });

  it.each([
    ['was killed and comes back empty', () => server.kill(), () => server.start()],
    ['hangs and goes on', () => Promise.resolve(server.pause()), () => Promise.resolve(server.resume())],
  ])('knows its own people while Redis %s, and everybody afterwards', async (_how, away, back) => {
    const [watcherHere, watcherThere] = [await connect(nodes[0], teacher), await connect(nodes[1], teacher)];
    const [here, there] = [events(watcherHere), events(watcherThere)];
    const leaving = aParent();
    await school.group([teacher, leaving]);
    const left = await connect(nodes[0], leaving);
    await eventually('known to both', async () => (await status(nodes[1], leaving)) === 'online');
    await away();
    const degraded = async () => (await nodes[0].call('GET', '/health')).body.status === 'degraded';
    await eventually('Redis is away', degraded);
    left.close();
    const socket = await connect(nodes[0], parent);
    expect(await status(nodes[0])).toBe('online');
    expect(await status(nodes[1])).toBe('offline');
    await isHeard(here, 'user_online online');
    await eventually('gone here', async () => (await status(nodes[0], leaving)) === 'offline');
    await back();
    await eventually('known to both again', async () => (await status(nodes[1])) === 'online');
    await eventually('heard there', () => there.includes('user_online online'));
    expect(await status(nodes[1], leaving)).toBe('offline');
    await healthy();
    for (let i = 0; i < 4; i++) await connect(nodes[1], parent);
    await isRefused(nodes[1]);
    socket.close();
  });

  it('reaps a node that fell silent: its people are gone, its places free, and it comes back by itself', async () => {
    const watcher = await connect(nodes[0], teacher);
    const heard = events(watcher);
    const registry = nodes[1].app.get(ConnectionRegistry, { strict: false });
    for (let i = 0; i < 5; i++) await connect(nodes[1], parent);
    await isHeard(heard, 'user_online online');
    // As if it were stopped: it beats no more, and nothing of it reaches Redis.
    const silent = jest.spyOn(RedisConnection.prototype, 'runScript').mockImplementation(async function (
      this: RedisConnection,
      ...call
    ) {
      if (this === nodes[1].app.get(RedisConnection, { strict: false })) throw new Error('silent');
      const [script, keys, args] = call;
      return (
        Reflect.get(this, 'run') as (
          send: (client: { sendCommand(words: string[]): Promise<unknown> }) => Promise<unknown>,
        ) => Promise<unknown>
      ).call(this, (client) => client.sendCommand(['EVAL', script.text, String(keys.length), ...keys, ...args]));
    });
    await isHeard(heard, 'user_online online', 'user_offline offline');
    expect(await status(nodes[0])).toBe('offline');
    const again = await connect(nodes[0], parent);
    await isHeard(heard, 'user_online online', 'user_offline offline', 'user_online online');
    silent.mockRestore();
    expect(registry.isOnline(idOf(parent))).toBe(true);
    await eventually('its sockets are back', async () => {
      const { body } = await nodes[0].call('GET', '/api/v1/presence/me', { as: parent });
      return (body['active_connections'] as string[]).length === 6;
    });
    again.close();
  });

  it('a node that stops leaves nobody behind, and who comes to the other one in time was never away', async () => {
    const heard = events(await connect(nodes[0], teacher));
    const moving = aParent();
    await school.group([teacher, moving]);
    const socket = await connect(third, parent);
    await connect(third, moving);
    await isHeard(heard, 'user_online online');
    const offline = nextEvent(sockets[0] as TestSocket, 'user_offline');
    const disconnected = new Promise((resolve) => socket.once('disconnect', resolve));
    // What it has to finish takes most of the time that its people have to come back.
    const presence = third.app.get<SharedPresence>(Presence, { strict: false });
    await presence.beforeApplicationShutdown();
    jest.spyOn(presence, 'beforeApplicationShutdown').mockResolvedValueOnce();
    await delay(TIMINGS.graceMs - 300);
    const stopping = third.stop();
    await disconnected;
    await connect(nodes[1], moving);
    expect(await offline).toMatchObject({ user_id: idOf(parent), last_seen: expect.any(String) as string });
    expect(await status(nodes[0], moving)).toBe('online');
    await stopping;
  });
});

describe('a node that is killed', () => {
  const PROMISED_MS = 60_000;
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start(2);
  }, 60_000);
  afterAll(() => cluster.stop());

  it('leaves no ghost for more than 60 s, and no place taken', async () => {
    const [stays, dies] = cluster.nodes as [ServiceNode, ServiceNode];
    const [teacher, parent] = [aTeacher(), aParent()];
    const school = new School(stays);
    await school.group([teacher, parent]);
    const watcher = await connectAs(stays.url, teacher);
    const online = nextEvent(watcher, 'user_online', ({ user_id }) => user_id === idOf(parent));
    const ghosts = await Promise.all(Array.from({ length: 5 }, () => connectAs(dies.url, parent)));
    await online;
    const offline = new Promise<PresencePayload>((resolve, reject) => {
      watcher.once('user_offline', resolve);
      setTimeout(() => reject(new Error('a ghost')), PROMISED_MS).unref();
    });
    await dies.process.kill();
    expect(await offline).toMatchObject({ user_id: idOf(parent), last_seen: expect.any(String) as string });
    const { body } = await stays.call('GET', `/api/v1/presence/${idOf(parent)}`, { as: teacher });
    expect(body['online_status']).toBe('offline');
    const returned = await Promise.all(Array.from({ length: 5 }, () => connectAs(stays.url, parent)));
    for (const socket of [watcher, ...ghosts, ...returned]) socket.close();
  }, 120_000);
});
