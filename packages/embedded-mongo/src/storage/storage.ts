import { open, type Database, type RootDatabase } from 'lmdb';
import { chmodSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EmbeddedMongoError } from '../public-error';
import { isComplete } from './data-file';
import { structureProblems } from './structure';

/** A named database with binary keys and values. */
export type Table = Database<Buffer, Buffer>;

/** A span of keys: `start` included, `end` excluded. */
export interface KeySpan {
  readonly start: Buffer;
  readonly end: Buffer;
}

/** LMDB's own limit is 1,978 bytes; the rest is room for the four-byte prefix. */
export const MAX_KEY_BYTES = 1_900;

/** The name of the environment's file in its folder. */
export const DATA_FILE = 'data.lmdb';

/** What the storage counted since it was opened; tests compare replies and commits with it. */
export interface StorageCounters {
  commits: number;
  aborts: number;
}

/** The LMDB environment of one folder: three tables, one writer, every commit flushed before it returns. */
export class Storage {
  readonly counters: StorageCounters = { commits: 0, aborts: 0 };
  readonly catalog: Table;
  readonly documents: Table;
  readonly indexes: Table;
  private readonly env: RootDatabase<Buffer, Buffer>;
  private writing = false;
  /** Time (`Date.now()`) at which the read that runs has to make way; undefined: it may take as long as it needs. */
  readUntil: number | undefined;
  /** Scans that stand in the middle of a step; the snapshot they read must not change under them. */
  openScans = 0;

  private constructor(
    private readonly path: string,
    private readonly mode: 'create' | 'open' | 'read',
  ) {
    // LMDB knows `permissionsMode` and `create`, its types do not: hence options of their own.
    const options = {
      path,
      noSubdir: true,
      maxDbs: 8,
      permissionsMode: 0o600,
      readOnly: mode === 'read',
      keyEncoding: 'binary',
      encoding: 'binary',
      // Said on purpose: by default an asynchronous commit ends before its flush. `transactionSync` waits for the flush
      // in both modes; a reply must never depend on that.
      overlappingSync: false,
      eventTurnBatching: false,
      cache: false,
    } as const;
    this.env = open<Buffer, Buffer>(options);
    this.catalog = this.table('cat');
    this.documents = this.table('doc');
    this.indexes = this.table('idx');
  }

  /**
   * Opens the environment in `dir`. A new one is made aside by `initialise` and then renamed into place, so that a file
   * under the final name is always a complete store and a damaged one is never taken for a new one.
   * @throws BROKEN; nothing was written then.
   */
  static async open(dir: string, initialise: (fresh: Storage) => void): Promise<Storage> {
    const path = join(dir, DATA_FILE);
    if (!existsSync(path)) await createAside(path, initialise);
    else if (!isComplete(path)) {
      const [problem] = structureProblems(path);
      if (problem !== undefined) throw new EmbeddedMongoError('BROKEN', `${path} is damaged: ${problem}`);
    }
    const storage = new Storage(path, 'open');
    for (const file of [path, `${path}-lock`]) chmodSync(file, 0o600);
    return storage;
  }

  /** Opens a store whose file is known to be whole: for reading only, or as a second door of the same process. */
  static attach(dir: string, mode: 'open' | 'read'): Storage {
    return new Storage(join(dir, DATA_FILE), mode);
  }

  /** Makes a new environment under a path of its own. */
  static createAt(path: string): Storage {
    return new Storage(path, 'create');
  }

  private table(name: string): Table {
    const options = {
      name,
      create: this.mode === 'create',
      keyEncoding: 'binary',
      encoding: 'binary',
      cache: false,
    } as const;
    return this.env.openDB<Buffer, Buffer>(options);
  }

  /** The folder of the environment. */
  get dir(): string {
    return dirname(this.path);
  }

  /** True inside `write`. */
  get inTransaction(): boolean {
    return this.writing;
  }

  /**
   * Runs `work` in one transaction and returns when it is on the disk. A throw aborts it.
   * The callback given to LMDB returns nothing on purpose: a returned promise would leave the transaction open for ever.
   */
  write(work: () => void): void {
    this.writing = true;
    try {
      this.env.transactionSync(() => {
        work();
      });
      this.counters.commits++;
    } catch (error) {
      this.counters.aborts++;
      throw error;
    } finally {
      this.writing = false;
    }
  }

  /** False when a failed commit left open what the disk holds: LMDB refuses every further transaction then. */
  isUsable(): boolean {
    try {
      this.env.transactionSync(() => {});
      return true;
    } catch {
      return false;
    }
  }

  /** Copies the newest commit into a new file while others read and write. */
  async copyTo(path: string): Promise<void> {
    await this.env.backup(path, true);
  }

  /** Lets reads of this turn see the newest commit. */
  refresh(): void {
    if (!this.writing) this.env.resetReadTxn();
  }

  /** Size of the environment as LMDB reports it. */
  stats(): Record<string, unknown> {
    return this.env.getStats();
  }

  /** Closes the environment; everything acknowledged is on disk already. */
  async close(): Promise<void> {
    await this.env.close();
  }
}

async function createAside(path: string, initialise: (fresh: Storage) => void): Promise<void> {
  const draft = `${path}.new`;
  const lock = `${draft}-lock`;
  for (const file of [draft, lock]) rmSync(file, { force: true });
  const fresh = Storage.createAt(draft);
  initialise(fresh);
  await fresh.close();
  rmSync(lock, { force: true });
  renameSync(draft, path);
  syncFolder(dirname(path));
}

/** Makes a renamed file's name durable. */
export function syncFolder(dir: string): void {
  const fd = openSync(dir, 'r');
  fsyncSync(fd);
  closeSync(fd);
}

/** The four bytes every key of a collection or index starts with. */
export function prefixOf(id: number): Buffer {
  const out = Buffer.allocUnsafe(4);
  out.writeUInt32BE(id, 0);
  return out;
}

/** `id` followed by `suffix`. */
export function keyWith(id: number, suffix: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(4 + suffix.length);
  out.writeUInt32BE(id, 0);
  out.set(suffix, 4);
  return out;
}

/** All keys of a collection or index. */
export function spanOf(id: number): KeySpan {
  return { start: prefixOf(id), end: prefixOf(id + 1) };
}

/** The first key behind every key that starts with `prefix`. */
export function afterPrefix(prefix: Buffer): Buffer {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const byte = prefix[i] ?? 0xff;
    if (byte < 0xff) {
      const out = Buffer.from(prefix.subarray(0, i + 1));
      out[i] = byte + 1;
      return out;
    }
  }
  return Buffer.alloc(MAX_KEY_BYTES, 0xff);
}

const CLEAR_STEP = 1_000;

/** Removes every key of a span, some at a time; returns how many there were. */
export function clearSpan(table: Table, span: KeySpan): number {
  let count = 0;
  for (;;) {
    const keys = [...table.getKeys({ start: span.start, end: span.end, limit: CLEAR_STEP })];
    for (const key of keys) table.removeSync(key);
    count += keys.length;
    if (keys.length < CLEAR_STEP) return count;
  }
}
