import { Logger } from '@nestjs/common';
import { RedisAwayError, RedisConnection } from '../../src/redis/redis-connection';
import { redisScript } from '../../src/redis/redis-script';
import { eventually } from '../support/eventually';
import { RedisServer } from '../support/redis-server';

const CHANNEL = 'a-channel';

describe('the connection to Redis', () => {
  let server: RedisServer;
  let connection: RedisConnection;
  let heard: string[];
  let back: number;
  const failures: unknown[] = [];
  const note = (error: unknown): void => void failures.push(error);

  const connect = (url = server.url): void => {
    heard = [];
    back = 0;
    connection = new RedisConnection(url);
    connection.subscribe(CHANNEL, (message) => heard.push(message));
    connection.onSubscribed(() => back++);
    connection.onModuleInit();
  };
  const ready = (): Promise<void> => eventually('Redis is ready', () => connection.isReady() && back > 0);

  beforeAll(() => {
    Logger.overrideLogger(false);
    process.on('unhandledRejection', note);
  });
  afterAll(() => process.off('unhandledRejection', note));
  afterEach(async () => {
    connection.onApplicationShutdown();
    await server.stop();
    expect(failures).toEqual([]);
  });

  it('carries messages from one node to another', async () => {
    server = await RedisServer.start();
    connect();
    await ready();
    await connection.publish(CHANNEL, 'hello');
    await eventually('the message is heard', () => heard.length > 0);
    expect(heard).toEqual(['hello']);
    expect(await connection.ping()).toBeGreaterThan(0);
  });

  it('starts without Redis, refuses commands at once, and connects when there is one', async () => {
    server = await RedisServer.prepare();
    connect();
    expect(connection.isReady()).toBe(false);
    await expect(connection.publish(CHANNEL, 'lost')).rejects.toThrow(RedisAwayError);
    await expect(connection.ping()).rejects.toThrow(RedisAwayError);
    await server.start();
    await ready();
    await connection.publish(CHANNEL, 'hello');
    await eventually('the message is heard', () => heard.length > 0);
    expect(heard).toEqual(['hello']);
  });

  it('comes back after Redis was killed, says so, and holds its subscriptions again', async () => {
    server = await RedisServer.start();
    connect();
    await ready();
    await server.kill();
    await eventually('the loss is seen', () => !connection.isReady());
    await expect(connection.publish(CHANNEL, 'lost')).rejects.toThrow(RedisAwayError);
    await server.start();
    await eventually('it is back', () => connection.isReady() && back === 2);
    await connection.publish(CHANNEL, 'again');
    await eventually('the message is heard', () => heard.length > 0);
    expect(heard).toEqual(['again']);
  });

  it('counts a Redis that hangs as away after the first command, until it answers', async () => {
    server = await RedisServer.start();
    connect();
    await ready();
    server.pause();
    await expect(connection.publish(CHANNEL, 'late')).rejects.toThrow(RedisAwayError);
    expect(connection.isReady()).toBe(false);
    await expect(connection.ping()).rejects.toThrow(RedisAwayError);
    server.resume();
    await eventually('it is back', () => connection.isReady());
    await connection.publish(CHANNEL, 'again');
    await eventually('the message is heard', () => heard.includes('again'));
  });

  it('gives up a connection on which nothing comes any more', async () => {
    server = await RedisServer.start();
    connect();
    await ready();
    server.pause();
    await eventually('the silence is noticed without any command', () => !connection.isReady());
    server.resume();
    await eventually('it is back', () => connection.isReady() && back === 2);
  });

  it('runs a script that the server does not know yet, and one that it forgot', async () => {
    server = await RedisServer.start();
    connect();
    await ready();
    const script = redisScript("return redis.call('INCRBY', KEYS[1], ARGV[1])");
    expect(await connection.evaluate(script, 'n', ['2'])).toBe(2);
    expect(await connection.evaluate(script, 'n', ['3'])).toBe(5);
    await server.kill();
    await server.start();
    await eventually('it is back', () => connection.isReady());
    expect(await connection.evaluate(script, 'n', ['4'])).toBe(4);
  });

  it('runs scripts in the order in which they are asked for, also one that the server has never seen', async () => {
    server = await RedisServer.start();
    connect();
    await ready();
    const [seen, unseen] = ['INCR', 'incr'].map((name) => redisScript(`return redis.call('${name}', KEYS[1])`));
    if (!seen || !unseen) throw new Error('two scripts');
    await connection.evaluate(seen, 'other', []);
    expect(await Promise.all([unseen, seen].map((script) => connection.evaluate(script, 'n', [])))).toEqual([1, 2]);
  });

  it('does not take a standstill of its own process for one of Redis', async () => {
    server = await RedisServer.start();
    connect();
    await ready();
    const answer = connection.ping();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const late = connection.ping();
    const end = Date.now() + 700;
    while (Date.now() < end); // longer than an answer may take
    await expect(Promise.all([answer, late])).resolves.toHaveLength(2);
    expect(connection.isReady()).toBe(true);
  });

  it('is not there without a URL', async () => {
    server = await RedisServer.prepare();
    connection = new RedisConnection(undefined);
    connection.onModuleInit();
    expect(connection.configured).toBe(false);
    expect(connection.isReady()).toBe(false);
    await expect(connection.ping()).rejects.toThrow(RedisAwayError);
  });
});
