import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Binary, Decimal128, Double, Int32, Long, MongoClient, ObjectId, type Document } from 'mongodb';
import { openStore, type TestStore } from './support';

jest.setTimeout(60_000);

const SCRIPT = join(__dirname, '..', '..', '..', 'scripts', 'store', 'transfer.mjs');

/** A database of its own on the engine of MONGODB_TEST_URL; without one a second embedded store is the other side. */
async function otherSide(): Promise<{ url: string; client: MongoClient; close(): Promise<void> }> {
  const url = process.env['MONGODB_TEST_URL'];
  if (url === undefined) {
    const other = await openStore();
    return { url: other.store.uri, client: other.client, close: () => other.close() };
  }
  const client = await MongoClient.connect(url);
  return { url, client, close: () => client.close() };
}

describe('moving data to and from a MongoDB URL', () => {
  let test: TestStore;
  let other: Awaited<ReturnType<typeof otherSide>>;
  let name: string;
  beforeEach(async () => {
    [test, other] = await Promise.all([openStore(), otherSide()]);
    name = `transfer_${randomUUID().slice(0, 8)}`;
  });
  afterEach(async () => {
    await other.client.db(name).dropDatabase();
    await Promise.all([test.close(), other.close()]);
  });

  function run(...args: string[]): { status: number | null; out: string } {
    const done = spawnSync(process.execPath, [SCRIPT, ...args, '--db', name], { encoding: 'utf8' });
    return { status: done.status, out: done.stdout + done.stderr };
  }

  const rows: Document[] = [
    { _id: new ObjectId(), int: new Int32(5), double: new Double(5), long: Long.fromString('9007199254740993') },
    { _id: 'b', decimal: Decimal128.fromString('1.10'), at: new Date(-1), bytes: new Binary(Buffer.from([1, 2])) },
    { _id: 3, nested: { z: [1, { a: null }], a: 'é' }, pattern: /x/i },
  ];
  const raw = async (client: MongoClient): Promise<string[]> => {
    const found = await client.db(name).collection('rows').find({}, { raw: true }).toArray();
    return found.map((doc) => (doc as unknown as Buffer).toString('hex')).sort();
  };

  it('brings documents byte for byte and indexes there and back', async () => {
    const col = test.client.db(name).collection<Document>('rows');
    await col.insertMany(rows);
    await col.insertMany(Array.from({ length: 2_500 }, (_, i): Document => ({ _id: `n${i}`, n: i })));
    await col.createIndex({ n: 1, 'nested.a': -1 }, { name: 'by_n' });
    await col.createIndex({ n: 1 }, { name: 'part', unique: true, partialFilterExpression: { n: { $gt: 0 } } });
    const out = run('export', '--url', test.store.uri, '--to', other.url);
    expect(out).toMatchObject({ status: 0 });
    expect(out.out).toContain('2503 documents in 1 collections copied and compared');
    expect(await raw(other.client)).toEqual(await raw(test.client));
    const indexes = await other.client.db(name).collection('rows').indexes();
    expect(indexes.find((index) => index.name === 'part')).toMatchObject({ unique: true });

    const third = await openStore();
    expect(run('import', '--from', other.url, '--url', third.store.uri).status).toBe(0);
    expect(await raw(third.client)).toEqual(await raw(test.client));
    expect(await third.client.db(name).collection('rows').indexes()).toHaveLength(3);
    await third.close();
  });

  it('writes over nothing', async () => {
    await test.client.db(name).collection<Document>('rows').insertMany(rows);
    await other.client.db(name).collection<{ _id: string }>('rows').insertOne({ _id: 'mine' });
    const { status, out } = run('export', '--url', test.store.uri, '--to', other.url);
    expect(status).toBe(1);
    expect(out).toContain('is not empty');
    expect(await other.client.db(name).collection('rows').countDocuments()).toBe(1);
  });

  it('says when there is nothing to copy or when it was called wrongly', () => {
    expect(run('export', '--url', test.store.uri, '--to', other.url)).toMatchObject({ status: 1 });
    expect(run('export', '--to', other.url).out).toContain('store:import');
  });
});
