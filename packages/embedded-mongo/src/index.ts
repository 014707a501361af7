import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { EmbeddedMongoError, type EmbeddedMongoErrorCode } from './public-error';
import { startFailure } from './storage/failures';
import { lockFolder } from './storage/lock';
import type { FromWorker, ToWorker, WorkerOptions } from './worker-messages';

export { backupStore, restoreStore } from './maintenance/backup';
export { verifyStore, type VerifyReport } from './maintenance/verify';
export { EmbeddedMongoError, type EmbeddedMongoErrorCode } from './public-error';

/** The longest path a unix socket address holds on every system is 104 bytes on macOS, 107 on Linux. */
const MAX_SOCKET_PATH = process.platform === 'linux' ? 107 : 103;

/** Where the store keeps its files and how it is reached. */
export interface EmbeddedMongoOptions {
  /** The folder of the store; created with mode 0700. One process at a time. */
  readonly dir: string;
  /** The unix socket, ending in `.sock`; by default inside `dir`. Not used on Windows. */
  readonly socketPath?: string;
  /** Milliseconds between two sweeps of expired documents (TTL indexes) and idle cursors; a minute unless given. */
  readonly sweepMs?: number;
  /** Called with every group of commands after its commit and before its replies; for tests. */
  readonly onTurn?: (turn: { commands: number; writes: number; commits: number }) => void;
}

/** A running store. */
export interface EmbeddedMongo {
  /** Connection string for the MongoDB driver or Mongoose. */
  readonly uri: string;
  /** Answers what has arrived, closes the files and ends the worker. */
  stop(): Promise<void>;
  /** Calls the listener when the worker ends, with an error when nobody asked it to. */
  onExit(listener: (error?: Error) => void): void;
}

interface SocketChoice {
  readonly path: string | undefined;
  /** A folder to remove afterwards. */
  readonly temporary: string | undefined;
}

function chooseSocket(dir: string, wanted: string | undefined): SocketChoice {
  if (process.platform === 'win32') return { path: undefined, temporary: undefined };
  if (wanted !== undefined) {
    const path = resolve(wanted);
    if (!path.endsWith('.sock')) throw new EmbeddedMongoError('INVALID_OPTIONS', 'socketPath has to end in .sock');
    if (Buffer.byteLength(path) > MAX_SOCKET_PATH) {
      throw new EmbeddedMongoError('INVALID_OPTIONS', `socketPath is longer than ${MAX_SOCKET_PATH} bytes`);
    }
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return { path, temporary: undefined };
  }
  const inside = join(dir, 'store.sock');
  if (Buffer.byteLength(inside) <= MAX_SOCKET_PATH) return { path: inside, temporary: undefined };
  const temporary = mkdtempSync(join(tmpdir(), 'embedded-mongo-'));
  return { path: join(temporary, 'store.sock'), temporary };
}

/** The compiled worker: beside this file, or in `dist` when this file runs as TypeScript. */
function workerFile(): string {
  const beside = join(__dirname, 'worker.js');
  return existsSync(beside) ? beside : join(__dirname, '..', 'dist', 'worker.js');
}

class RunningStore implements EmbeddedMongo {
  private readonly listeners: ((error?: Error) => void)[] = [];
  private failure: Error | undefined;
  private stopping = false;
  private exited = false;
  private readonly exit: Promise<void>;

  constructor(
    private readonly worker: Worker,
    readonly uri: string,
    cleanUp: () => void,
  ) {
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'failed') this.failure = toError(message);
    });
    worker.on('error', (error) => (this.failure = error));
    this.exit = new Promise((resolveExit) => {
      worker.once('exit', () => {
        this.exited = true;
        cleanUp();
        const gone = this.stopping ? undefined : new EmbeddedMongoError('UNAVAILABLE', 'the store ended by itself');
        for (const listener of this.listeners) listener(this.failure ?? gone);
        resolveExit();
      });
    });
  }

  async stop(): Promise<void> {
    if (!this.stopping && !this.exited) {
      this.stopping = true;
      const message: ToWorker = { type: 'stop' };
      this.worker.postMessage(message);
    }
    await this.exit;
  }

  onExit(listener: (error?: Error) => void): void {
    this.listeners.push(listener);
  }
}

function toError({ code, message }: { code: EmbeddedMongoErrorCode; message: string }): EmbeddedMongoError {
  return new EmbeddedMongoError(code, message);
}

/** Makes the folder private and takes it for this process. */
function takeFolder(dir: string): () => void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    chmodSync(dir, 0o700);
    return lockFolder(dir);
  } catch (error) {
    throw startFailure(error, dir);
  }
}

/** Resolves with the port (TCP only) when the worker listens. */
function whenReady(worker: Worker): Promise<number | undefined> {
  return new Promise((resolveReady, reject) => {
    const onMessage = (message: FromWorker): void => {
      if (message.type === 'ready') settle(() => resolveReady(message.port));
      if (message.type === 'failed') settle(() => reject(toError(message)));
    };
    const onError = (error: Error): void => settle(() => reject(error));
    const onExit = (): void => settle(() => reject(new EmbeddedMongoError('UNAVAILABLE', 'the store did not start')));
    const settle = (finish: () => void): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      finish();
    };
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  });
}

/** Starts the store of a folder in a worker thread and resolves when it answers. */
export async function startEmbeddedMongo(options: EmbeddedMongoOptions): Promise<EmbeddedMongo> {
  const dir = resolve(options.dir);
  const unlock = takeFolder(dir);
  let temporary: string | undefined;
  const cleanUp = (): void => {
    unlock();
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
  };
  let worker: Worker | undefined;
  try {
    const socket = chooseSocket(dir, options.socketPath);
    temporary = socket.temporary;
    const { onTurn, sweepMs } = options;
    const traceTurns = onTurn !== undefined;
    const workerData: WorkerOptions = { dir, socketPath: socket.path, traceTurns, sweepMs };
    worker = new Worker(workerFile(), { workerData });
    if (onTurn) worker.on('message', (message: FromWorker) => message.type === 'turn' && onTurn(message));
    const port = await whenReady(worker);
    const host = socket.path === undefined ? `127.0.0.1:${port}` : encodeURIComponent(socket.path);
    return new RunningStore(worker, `mongodb://${host}/?directConnection=true`, cleanUp);
  } catch (error) {
    await worker?.terminate();
    cleanUp();
    throw error;
  }
}
