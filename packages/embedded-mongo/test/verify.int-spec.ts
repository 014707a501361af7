import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbeddedMongo, verifyStore } from '@presencepro/embedded-mongo';
import { serialize } from 'bson';
import { open, type Database } from 'lmdb';
import { freshDir, openStore } from './support';

interface Row {
  _id: number;
  key: string;
  tags: string[];
}

interface Tables {
  doc: Database<Buffer, Buffer>;
  idx: Database<Buffer, Buffer>;
}

describe('the check of a folder', () => {
  let dir: string;
  beforeEach(async () => {
    dir = freshDir();
    const test = await openStore({ dir });
    const col = test.db.collection<Row>('rows');
    await col.createIndex({ key: 1 }, { unique: true });
    await col.createIndex({ tags: 1, key: -1 });
    await col.createIndex({ key: 1 }, { name: 'part', partialFilterExpression: { key: { $gt: 'k5' } } });
    await col.insertMany(Array.from({ length: 9 }, (_, i) => ({ _id: i, key: `k${i}`, tags: ['a', `t${i}`] })));
    await test.close();
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  /** Changes the tables behind the store's back. */
  async function tamper(change: (tables: Tables) => void): Promise<void> {
    const options = { keyEncoding: 'binary', encoding: 'binary' } as const;
    const env = open<Buffer, Buffer>({ path: join(dir, 'data.lmdb'), noSubdir: true, ...options });
    const tables = { doc: env.openDB<Buffer, Buffer>('doc', options), idx: env.openDB<Buffer, Buffer>('idx', options) };
    change(tables);
    await env.close();
  }

  const entries = (table: Database<Buffer, Buffer>): { key: Buffer; value: Buffer }[] =>
    [...table.getRange({})].map(({ key, value }) => ({ key: Buffer.from(key), value: Buffer.from(value) }));

  async function problems(): Promise<string> {
    return (await verifyStore(dir)).problems.join('\n');
  }

  it('finds a sound store sound and counts what it holds', async () => {
    expect(await verifyStore(dir)).toEqual({ collections: 1, documents: 9, entries: 9 + 18 + 3, problems: [] });
  });

  it('leaves a store alone that a process serves', async () => {
    const store = await startEmbeddedMongo({ dir });
    await expect(verifyStore(dir)).rejects.toMatchObject({ code: 'LOCKED' });
    await store.stop();
  });

  it('says that there is no store', async () => {
    await expect(verifyStore(join(dir, 'none'))).rejects.toMatchObject({ code: 'BROKEN' });
  });

  it('misses an index entry that is gone', async () => {
    await tamper(({ idx }) => idx.removeSync(entries(idx)[20]?.key ?? Buffer.alloc(0)));
    expect(await problems()).toContain('school.rows: index tags_1_key_-1 lacks an entry for a document');
  });

  it('finds an index entry that no document has', async () => {
    await tamper(({ idx }) => {
      const last = entries(idx).at(-1);
      if (last) idx.putSync(Buffer.concat([last.key, Buffer.from('x')]), last.value);
    });
    expect(await problems()).toMatch(/index part has 4 entries instead of 3/);
  });

  it('finds an index entry that points to another document', async () => {
    await tamper(({ idx }) => {
      const [first, second] = entries(idx);
      if (first && second) idx.putSync(first.key, second.value);
    });
    expect(await problems()).toContain('index key_1 is not unique for a document');
  });

  it('finds a document that is gone, one that is not under its _id and one that does not decode', async () => {
    await tamper(({ doc }) => {
      const [first, second, third] = entries(doc);
      if (!first || !second || !third) return;
      doc.removeSync(first.key);
      doc.putSync(second.key, Buffer.from(serialize({ _id: 77, key: 'k1', tags: ['a', 't1'] })));
      doc.putSync(third.key, Buffer.from('no document'));
    });
    const found = await problems();
    expect(found).toContain('a document is not under its own _id');
    expect(found).toContain('document 2 cannot be read');
    expect(found).toMatch(/index key_1 has 9 entries instead of \d/);
  });

  it('finds documents and entries that belong to nothing', async () => {
    await tamper(({ doc, idx }) => {
      doc.putSync(Buffer.from([0, 0, 1, 0, 5]), Buffer.from(serialize({ _id: 1 })));
      idx.putSync(Buffer.from([0, 0, 1, 0, 5]), Buffer.from([5]));
    });
    const found = await problems();
    expect(found).toContain('there are documents of no collection');
    expect(found).toContain('there are index entries of no index');
  });
});
