import { Logger } from '@nestjs/common';
import { NodeBus } from '../../src/node-bus/node-bus';
import type { NodeEventMap } from '../../src/node-bus/node-events';
import { RedisConnection } from '../../src/redis/redis-connection';
import { eventually } from '../support/eventually';
import { RedisServer } from '../support/redis-server';

type Joined = NodeEventMap['conversation.joined'];

interface Node {
  readonly bus: NodeBus;
  readonly redis: RedisConnection;
  readonly heard: string[];
  gaps: number;
}

const SERVICE = 'a-school';
const CHANNEL = `presencepro:messaging:nodes:${SERVICE}`;

describe('the bus between nodes', () => {
  let server: RedisServer;
  const nodes: Node[] = [];
  const failures: unknown[] = [];
  const note = (error: unknown): void => void failures.push(error);

  const start = async (service = SERVICE): Promise<Node> => {
    const redis = new RedisConnection(server.url);
    const node: Node = { redis, bus: new NodeBus(redis, service), heard: [], gaps: 0 };
    node.bus.on('conversation.joined', ({ userId }) => node.heard.push(userId));
    node.bus.onGap(() => node.gaps++);
    redis.onModuleInit();
    node.bus.onApplicationBootstrap();
    nodes.push(node);
    await eventually('the node hears', () => node.bus.isConnected() && node.gaps > 0);
    node.gaps = 0;
    return node;
  };
  const say = ({ bus }: Node, ...userIds: string[]): void => {
    for (const userId of userIds) bus.publish('conversation.joined', { conversationId: 'c', userId });
  };
  const hears = ({ heard }: Node, ...userIds: string[]): Promise<void> =>
    eventually(`${userIds.join()} is heard`, () => heard.join() === userIds.join());
  const gap = (node: Node): Promise<void> => eventually('the gap is seen', () => node.gaps > 0);

  beforeAll(() => {
    Logger.overrideLogger(false);
    process.on('unhandledRejection', note);
  });
  afterAll(() => process.off('unhandledRejection', note));
  beforeEach(async () => {
    server = await RedisServer.start();
  });
  afterEach(async () => {
    for (const { bus, redis } of nodes.splice(0)) {
      await bus.beforeApplicationShutdown();
      redis.onApplicationShutdown();
    }
    await server.stop();
    expect(failures).toEqual([]);
  });

  it('carries what one node says to the others, in its order, and not back to itself', async () => {
    const [a, b, c] = [await start(), await start(), await start()];
    const many = Array.from({ length: 1_200 }, (_, index) => `u${index}`);
    say(a, ...many);
    await hears(b, ...many);
    await hears(c, ...many);
    expect(a.heard).toEqual([]);
    expect([b.gaps, c.gaps]).toEqual([0, 0]);
  });

  it('keeps services apart that share a Redis', async () => {
    const [a, other, b] = [await start(), await start('another-school'), await start()];
    say(a, 'u1');
    await hears(b, 'u1');
    expect(other.heard).toEqual([]);
  });

  it('leaves out what no node of this version says, and a listener that fails disturbs nobody', async () => {
    const [a, b] = [await start(), await start()];
    b.bus.on('conversation.joined', () => {
      throw new Error('a broken listener');
    });
    const broken: unknown[] = [
      'not json',
      null,
      { v: 2, from: 'x', n: 1, events: [['conversation.joined', { conversationId: 'c', userId: 'u0' }]] },
      { v: 1, from: 'x', n: 1, events: [['toString', {}], ['conversation.joined', { userId: 7 }], 'x'] },
      { v: 1, from: 'x', n: 2, events: [['conversation.joined', { conversationId: 'c', userId: 'u1' }]] },
    ];
    for (const text of broken) await a.redis.publish(CHANNEL, typeof text === 'string' ? text : JSON.stringify(text));
    say(a, 'u2');
    await hears(b, 'u1', 'u2');
    expect(b.gaps).toBe(0);
  });

  it('hears an envelope that comes twice once', async () => {
    const [a, b] = [await start(), await start()];
    const joined = (userId: string): Joined => ({ conversationId: 'c', userId });
    for (const n of [1, 1, 2]) {
      const events = [['conversation.joined', joined(`u${n}`)]];
      await a.redis.publish(CHANNEL, JSON.stringify({ v: 1, from: 'x', n, events }));
    }
    await hears(b, 'u1', 'u2');
  });

  it('says to both sides of a Redis that was away that something may be missing, and goes on', async () => {
    const [a, b] = [await start(), await start()];
    say(a, 'u1');
    await hears(b, 'u1');
    await server.kill();
    await eventually('the loss is seen', () => !a.bus.isConnected() && !b.bus.isConnected());
    say(a, 'lost');
    await server.start();
    await Promise.all([gap(a), gap(b)]);
    await eventually('both are back', () => a.bus.isConnected() && b.bus.isConnected());
    say(a, 'u2');
    await hears(b, 'u1', 'u2');
  });

  it('says that something is missing when only the node that spoke had lost Redis', async () => {
    const [a, b] = [await start(), await start()];
    say(a, 'u1');
    await hears(b, 'u1');
    const publish = jest.spyOn(a.redis, 'publish').mockRejectedValue(new Error('away'));
    say(a, 'lost');
    await eventually('it was tried', () => publish.mock.calls.length > 0);
    expect(b.gaps).toBe(0);
    publish.mockRestore();
    await gap(b);
    expect(b.heard).toEqual(['u1']);
  });

  it('takes a node that falls silent for a gap, and one that says goodbye for none', async () => {
    const [a, b, c] = [await start(), await start(), await start()];
    say(a, 'u1');
    say(c, 'u2');
    await eventually('both are known', () => b.heard.length === 2);
    await c.bus.beforeApplicationShutdown();
    a.redis.onApplicationShutdown();
    await gap(b);
    expect(b.gaps).toBe(1);
  });

  it('costs nothing without Redis', async () => {
    const redis = new RedisConnection(undefined);
    const bus = new NodeBus(redis, SERVICE);
    const publish = jest.spyOn(redis, 'publish');
    bus.onApplicationBootstrap();
    bus.publish('conversation.joined', { conversationId: 'c', userId: 'u' });
    await bus.beforeApplicationShutdown();
    expect(bus.enabled).toBe(false);
    expect(publish).not.toHaveBeenCalled();
  });
});
