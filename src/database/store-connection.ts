import { Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { ConnectionStates, createConnection, type Connection, type ConnectOptions } from 'mongoose';
import { setTimeout as delay } from 'node:timers/promises';
import { errorName } from '../common/error-name';
import { ensureIndexes } from './ensure-indexes';
import { StoreStatus } from './store-status';

/** What serves the store: an embedded one is started and stopped with the service. */
export interface StoreServer {
  readonly kind: 'embedded' | 'mongodb';
  readonly url: string;
  stop(): Promise<void>;
}

interface ConnectionEvent {
  readonly address: string;
  readonly connectionId: number | string;
}

const RETRY_MS = 1_000;
const FIRST_ATTEMPT_MS = 4_000;

/**
 * An acknowledgement means majority and journal (contract 6.1). A store that hangs answers an error after 10 s instead
 * of holding sockets.
 */
const OPTIONS: ConnectOptions = {
  autoIndex: false,
  autoCreate: false,
  bufferCommands: false,
  maxPoolSize: 50,
  waitQueueTimeoutMS: 2_000,
  connectTimeoutMS: 3_000,
  serverSelectionTimeoutMS: 3_000,
  socketTimeoutMS: 10_000,
  writeConcern: { w: 'majority', journal: true },
  readConcern: { level: 'majority' },
  readPreference: 'primary',
};

/** Keeps trying until the store answers, ensures the indexes, and only then opens the connection that models use. */
export class StoreConnection extends StoreStatus implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(StoreConnection.name);
  private readonly abort = new AbortController();
  private opening: Promise<void> | undefined;

  constructor(
    readonly connection: Connection,
    private readonly server: StoreServer,
    private readonly database: string,
  ) {
    super();
  }

  get kind(): StoreServer['kind'] {
    return this.server.kind;
  }

  /** @returns whether operations may be tried: connected, and the indexes are known to stand. */
  isReady(): boolean {
    return this.connection.readyState === ConnectionStates.connected;
  }

  /** @returns the store's answer time in milliseconds. */
  async ping(): Promise<number> {
    const started = performance.now();
    const { db } = this.connection;
    if (!db) throw new Error('the store is not connected');
    await db.command({ ping: 1 });
    return performance.now() - started;
  }

  /** @returns the store's own time, milliseconds since 1970. */
  async time(): Promise<number> {
    const { db } = this.connection;
    if (!db) throw new Error('the store is not connected');
    const { localTime } = (await db.command({ hello: 1 })) as { localTime: Date };
    return localTime.getTime();
  }

  /**
   * Waits for the first attempt only: a store that is away does not stop the start, indexes that cannot be made do.
   */
  async onApplicationBootstrap(): Promise<void> {
    this.opening = this.open();
    let started = false;
    const late = this.opening.catch((error: unknown) => {
      if (!started) throw error;
      // Without its unique indexes the service would break its promises: end it where the supervisor sees it.
      setImmediate(() => {
        throw error;
      });
    });
    await Promise.race([late, delay(FIRST_ATTEMPT_MS, undefined, { ref: false })]);
    started = true;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.abort.abort();
    await this.opening?.catch(() => undefined);
  }

  /** Called last, when nothing writes any more. */
  async close(): Promise<void> {
    await this.connection.close();
    await this.server.stop();
  }

  private async open(): Promise<void> {
    while (!this.abort.signal.aborted) {
      if (await this.tryOpen()) return;
      await delay(RETRY_MS, undefined, { signal: this.abort.signal }).catch(() => undefined);
    }
  }

  /** An operation has a connection to itself while it lasts; to be told of commands would decode every answer twice. */
  private watchOperations(): void {
    const started = new Map<string, number>();
    const keyOf = ({ address, connectionId }: ConnectionEvent): string => `${address} ${connectionId}`;
    const end = (event: ConnectionEvent): void => {
      const at = started.get(keyOf(event));
      if (at === undefined || !started.delete(keyOf(event))) return;
      for (const listener of this.operationListeners) listener(performance.now() - at);
    };
    this.connection
      .getClient()
      .on('connectionCheckedOut', (event) => started.set(keyOf(event), performance.now()))
      .on('connectionCheckedIn', end)
      .on('connectionClosed', end);
  }

  private async tryOpen(): Promise<boolean> {
    const options: ConnectOptions = { ...OPTIONS, dbName: this.database };
    const probe = createConnection();
    try {
      // A connection of its own: models stay closed (503) until every index stands.
      await probe.openUri(this.server.url, options);
    } catch (error) {
      this.logger.warn(`the store is away (${errorName(error)}): trying again`);
      await probe.close().catch(() => undefined);
      return false;
    }
    try {
      await ensureIndexes(this.connection, probe);
      await this.connection.openUri(this.server.url, options);
      this.watchOperations();
      this.logger.log(`connected to the ${this.kind} store, database ${this.database}`);
      return true;
    } finally {
      await probe.close();
    }
  }
}
