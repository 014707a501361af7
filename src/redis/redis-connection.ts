import { Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { createClient } from '@redis/client';
import { errorName } from '../common/error-name';
import type { RedisScript } from './redis-script';
import { RedisStatus } from './redis-status';

/** Longest wait for an answer, milliseconds; what is slower is away until it has answered. */
const COMMAND_MS = 500;
/** In so many parts it is waited: a standstill of this process, after which answers wait to be read, counts as one. */
const PARTS = 5;
const CONNECT_MS = 3_000;
const PING_EVERY_MS = 2_000;
/** A connection this long without a byte, milliseconds, is dead, whatever TCP believes. */
const SILENT_MS = 5_000;
const RETRY_FIRST_MS = 50;
const RETRY_MOST_MS = 2_000;
/** Nodes that lost Redis together shall not come back in step. */
const RETRY_SPREAD_MS = 200;

/** The command was not sent, or nobody knows whether it ran. */
export class RedisAwayError extends Error {
  constructor() {
    super('Redis is away');
    this.name = 'RedisAwayError';
  }
}

/** @returns the wait before try number `retries` + 1; there is always a next one. */
const backoff = (retries: number): number =>
  Math.min(RETRY_MOST_MS, RETRY_FIRST_MS * 2 ** Math.min(retries, 10)) + Math.random() * RETRY_SPREAD_MS;

const newClient = (url: string) =>
  createClient({
    url,
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    pingInterval: PING_EVERY_MS,
    socket: { connectTimeout: CONNECT_MS, socketTimeout: SILENT_MS, reconnectStrategy: backoff },
  });
type Client = ReturnType<typeof newClient>;
type Listener = (message: string) => void;

/**
 * Two connections, one of them for subscriptions only. Both reconnect for ever; while Redis is away every command is
 * refused at once and nothing is queued, so that callers fall back instead of waiting. Without REDIS_URL nothing starts.
 */
export class RedisConnection extends RedisStatus implements OnModuleInit, OnApplicationShutdown {
  readonly configured: boolean;
  private readonly logger = new Logger('Redis');
  private readonly commands: Client | undefined;
  private readonly subscriber: Client | undefined;
  private readonly listeners = new Map<string, Listener>();
  private readonly backListeners: (() => void)[] = [];
  /** Answers that are late. While there is one, Redis counts as away. */
  private late = 0;
  /** Scripts by their hash, of which the server at the other end is known to have the text. */
  private readonly known = new Set<string>();

  constructor(url: string | undefined) {
    super();
    this.configured = url !== undefined;
    if (url === undefined) return;
    this.commands = this.watched(newClient(url), 'commands');
    this.commands.on('ready', () => this.known.clear());
    this.subscriber = this.watched(newClient(url), 'subscriptions');
    this.subscriber.on('ready', () => void this.resubscribe());
  }

  /** Not awaited: a Redis that is away does not hold up the start. */
  onModuleInit(): void {
    for (const client of [this.commands, this.subscriber]) client?.connect().catch(() => undefined);
  }

  onApplicationShutdown(): void {
    for (const client of [this.commands, this.subscriber]) client?.destroy();
  }

  isReady(): boolean {
    return this.commands?.isReady === true && this.subscriber?.isReady === true && this.late === 0;
  }

  async ping(): Promise<number> {
    const started = performance.now();
    await this.run((client) => client.ping());
    return performance.now() - started;
  }

  /** @throws RedisAwayError; the message may have gone out when no answer came in time. */
  async publish(channel: string, message: string): Promise<void> {
    await this.run((client) => client.publish(channel, message));
  }

  /**
   * Runs a script on one key.
   * @returns the script's whole number
   * @throws RedisAwayError
   */
  async evaluate(script: RedisScript, key: string, args: readonly string[]): Promise<number> {
    return Number(await this.runScript(script, [key], args));
  }

  /**
   * Runs a script on its keys; Redis keeps it by its hash.
   * @returns what the script returns: whole numbers, texts, null and arrays of them
   * @throws RedisAwayError
   */
  async runScript({ text, sha1 }: RedisScript, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const evaluate = (command: 'EVALSHA' | 'EVAL', script: string): Promise<unknown> =>
      this.run((client) => client.sendCommand([command, script, String(keys.length), ...keys, ...args]));
    // Asking by a hash that a new server does not know would let what is sent meanwhile run first.
    if (this.known.has(sha1)) {
      try {
        return await evaluate('EVALSHA', sha1);
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      }
    }
    const answer = await evaluate('EVAL', text);
    this.known.add(sha1);
    return answer;
  }

  /** @throws RedisAwayError */
  async removeFromSet(key: string, member: string): Promise<void> {
    await this.run((client) => client.zRem(key, member));
  }

  /** One listener a channel, before the start; from then on, across every loss. */
  subscribe(channel: string, listener: Listener): void {
    this.listeners.set(channel, listener);
  }

  /** Told each time the subscriptions stand, the first time included: what was published before may have been missed. */
  onSubscribed(listener: () => void): void {
    this.backListeners.push(listener);
  }

  private async run<T>(send: (client: Client) => Promise<T>): Promise<T> {
    if (!this.commands?.isReady || this.late > 0) throw new RedisAwayError();
    return this.inTime(send(this.commands));
  }

  private inTime<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let timedOut = false;
      let parts = 0;
      const timer = setInterval(() => {
        if (++parts < PARTS) return;
        clearInterval(timer);
        timedOut = true;
        this.late++;
        reject(new RedisAwayError());
      }, COMMAND_MS / PARTS);
      const settle = (then: () => void): void => {
        clearInterval(timer);
        if (timedOut) this.late--;
        then();
      };
      // A connection that ends rejects what it still owed, so that `late` always comes back to 0.
      answer.then(
        (value) => settle(() => resolve(value)),
        (error: unknown) =>
          settle(() => reject(this.commands?.isReady && error instanceof Error ? error : new RedisAwayError())),
      );
    });
  }

  /** One line when a connection is lost and one when it is back, however many tries lie between. */
  private watched(client: Client, name: string): Client {
    let state: 'new' | 'up' | 'away' = 'new';
    client.on('error', (error: unknown) => {
      if (state !== 'away') this.logger.warn(`the connection for ${name} is away (${errorName(error)}): trying again`);
      state = 'away';
    });
    client.on('ready', () => {
      this.logger.log(`the connection for ${name} stands`);
      state = 'up';
    });
    return client;
  }

  /** The client repeats known subscriptions before it is ready; this makes those it does not know yet. */
  private async resubscribe(): Promise<void> {
    try {
      for (const [channel, listener] of this.listeners) await this.subscriber?.subscribe(channel, listener);
      for (const told of this.backListeners) told();
    } catch (error) {
      // The connection was lost again: its next `ready` comes here.
      this.logger.warn(`subscribing failed (${errorName(error)})`);
    }
  }
}
