import { rmSync } from 'node:fs';
import { startEmbeddedMongo } from '@presencepro/embedded-mongo';
import { serialize } from 'bson';
import { initialiseCatalog } from '../src/catalog/catalog';
import { Engine } from '../src/commands/engine';
import { runCommand } from '../src/commands/router';
import { TTL_BATCH, TtlSweep } from '../src/maintenance/ttl';
import { Storage } from '../src/storage/storage';
import { MongoClient } from 'mongodb';
import { setTimeout as pause } from 'node:timers/promises';
import { freshDir } from './support';
import { decode } from '../src/wire/raw';

jest.setTimeout(30_000);

const NOW = Date.UTC(2026, 10, 23, 12);
const ago = (seconds: number): Date => new Date(NOW - seconds * 1_000);

describe('expired documents', () => {
  let dir: string;
  let storage: Storage;
  let engine: Engine;
  let sweep: TtlSweep;
  beforeEach(async () => {
    dir = freshDir();
    storage = await Storage.open(dir, initialiseCatalog);
    engine = new Engine(storage);
    sweep = new TtlSweep(engine, (error) => {
      throw error;
    });
  });
  afterEach(async () => {
    await storage.close();
    rmSync(dir, { recursive: true, force: true });
  });

  function run(command: Record<string, unknown>): Record<string, unknown> {
    let reply: Buffer = Buffer.alloc(0);
    const documents = (command['documents'] as Record<string, unknown>[] | undefined)?.map((doc) => serialize(doc));
    storage.write(() => {
      reply = runCommand(engine, 1, { ...command, ...(documents ? { documents } : {}), $db: 'a' });
    });
    const answer = decode(reply);
    expect(Number(answer['ok'])).toBe(1);
    return answer;
  }

  function index(key: Record<string, 1 | -1>, expireAfterSeconds: number, more = {}): void {
    run({ createIndexes: 'docs', indexes: [{ key, name: 'ttl', expireAfterSeconds, ...more }] });
  }

  function insert(...documents: Record<string, unknown>[]): void {
    run({ insert: 'docs', documents });
  }

  function left(): unknown[] {
    const { cursor } = run({ find: 'docs', batchSize: 10_000 }) as { cursor: { firstBatch: { _id: unknown }[] } };
    return cursor.firstBatch.map((doc) => Number(doc._id));
  }

  it.each([1, -1] as const)('go when their date is as long ago as the index says (direction %s)', (direction) => {
    index({ at: direction }, 60);
    insert({ _id: 1, at: ago(61) }, { _id: 2, at: ago(60) }, { _id: 3, at: ago(59) }, { _id: 4, at: ago(-1) });
    expect(sweep.turn(NOW)).toBe(2);
    expect(left()).toEqual([3, 4]);
    expect(sweep.turn(NOW)).toBe(0);
  });

  it('go at their date itself where expireAfterSeconds is 0', () => {
    index({ at: 1 }, 0);
    insert({ _id: 1, at: ago(0) }, { _id: 2, at: ago(-0.001) });
    sweep.turn(NOW);
    expect(left()).toEqual([2]);
  });

  it('are judged by the earliest date of an array', () => {
    index({ at: 1 }, 60);
    insert({ _id: 1, at: [ago(-100), ago(70), ago(90)] }, { _id: 2, at: [ago(10), ago(20)] }, { _id: 3, at: [] });
    expect(sweep.turn(NOW)).toBe(1);
    expect(left()).toEqual([2, 3]);
  });

  it('are never those without a date', () => {
    index({ at: 1 }, 60);
    insert(
      { _id: 1 },
      { _id: 2, at: null },
      { _id: 3, at: 5 },
      { _id: 4, at: 'long ago' },
      { _id: 5, at: { d: ago(99) } },
    );
    expect(sweep.turn(NOW)).toBe(0);
    expect(left()).toEqual([1, 2, 3, 4, 5]);
  });

  it('are those only that a partial index holds', () => {
    index({ at: 1 }, 60, { partialFilterExpression: { done: true } });
    insert({ _id: 1, at: ago(90), done: true }, { _id: 2, at: ago(90), done: false });
    sweep.turn(NOW);
    expect(left()).toEqual([2]);
  });

  it('go in batches of at most 1,000', () => {
    index({ at: 1 }, 60);
    insert(...Array.from({ length: 2 * TTL_BATCH + 1 }, (_, i) => ({ _id: i, at: ago(100) })));
    expect([sweep.turn(NOW), sweep.turn(NOW), sweep.turn(NOW), sweep.turn(NOW)]).toEqual([1_000, 1_000, 1, 0]);
    expect(left()).toEqual([]);
    expect(storage.indexes.getKeysCount({})).toBe(0);
  });

  it('go by themselves in a running store', async () => {
    const store = await startEmbeddedMongo({ dir: `${dir}/running`, sweepMs: 20 });
    const client = await MongoClient.connect(store.uri);
    const col = client.db('a').collection<{ _id: number; at: Date }>('docs');
    await col.createIndex({ at: 1 }, { expireAfterSeconds: 1 });
    await col.insertMany([
      ...Array.from({ length: TTL_BATCH + 500 }, (_, i) => ({ _id: i, at: new Date(0) })),
      { _id: -1, at: new Date(Date.now() + 3_600_000) },
    ]);
    while ((await col.countDocuments()) > 1) await pause(10);
    expect(await col.distinct('_id')).toEqual([-1]);
    await client.close();
    await store.stop();
  });
});
