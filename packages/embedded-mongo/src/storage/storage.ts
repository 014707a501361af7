import { open, type Database, type RootDatabase } from 'lmdb';
import { join } from 'node:path';

/** A named database with binary keys and values. */
export type Table = Database<Buffer, Buffer>;

/** A span of keys: `start` included, `end` excluded. */
export interface KeySpan {
  readonly start: Buffer;
  readonly end: Buffer;
}

/** LMDB's own limit is 1,978 bytes; the rest is room for the four-byte prefix. */
export const MAX_KEY_BYTES = 1_900;

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

  /** Opens or creates the environment in `dir`. */
  constructor(dir: string) {
    this.env = open<Buffer, Buffer>({
      path: join(dir, 'data.lmdb'),
      noSubdir: true,
      maxDbs: 8,
      keyEncoding: 'binary',
      encoding: 'binary',
      // The default answers a commit before the data is flushed: a reply must never be earlier than the disk.
      overlappingSync: false,
      eventTurnBatching: false,
      cache: false,
    });
    this.catalog = this.table('cat');
    this.documents = this.table('doc');
    this.indexes = this.table('idx');
  }

  private table(name: string): Table {
    return this.env.openDB<Buffer, Buffer>({ name, keyEncoding: 'binary', encoding: 'binary', cache: false });
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

/** Removes every key of a span; returns how many there were. */
export function clearSpan(table: Table, span: KeySpan): number {
  const keys = [...table.getKeys({ start: span.start, end: span.end })];
  for (const key of keys) table.removeSync(key);
  return keys.length;
}
