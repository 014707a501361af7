import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backupStore, restoreStore } from '@presencepro/embedded-mongo';
import { freshDir, openStore, type TestStore } from './support';

interface Row {
  _id: number;
  text: string;
}

describe('backup and restore', () => {
  let home: string;
  let file: string;
  let target: string;
  let test: TestStore;
  beforeEach(async () => {
    home = freshDir();
    file = join(home, 'copy.lmdb');
    target = join(home, 'restored');
    test = await openStore();
    await test.db.collection<Row>('rows').createIndex({ text: 1 });
    await test.db.collection<Row>('rows').insertMany(rows(0, 500));
  });
  afterEach(async () => {
    await test.close();
    rmSync(home, { recursive: true, force: true });
  });

  const rows = (from: number, to: number): Row[] =>
    Array.from({ length: to - from }, (_, i) => ({ _id: from + i, text: `row ${from + i} `.repeat(20) }));

  it('copies a store under writes as of one commit, and restores it', async () => {
    const col = test.db.collection<Row>('rows');
    let acknowledged = 500;
    let copied = false;
    const writing = (async () => {
      while (!copied || acknowledged < 600) {
        await col.insertMany(rows(acknowledged, acknowledged + 10));
        acknowledged += 10;
      }
    })();
    const before = acknowledged;
    await backupStore(test.dir, file).finally(() => (copied = true));
    await writing;
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
    const report = await restoreStore(file, target);
    expect(report.problems).toEqual([]);
    // Whole commands only: everything that was acknowledged before, and no part of an insert of ten.
    expect(report.documents).toBeGreaterThanOrEqual(before);
    expect(report.documents % 10).toBe(0);
    const restored = await openStore({ dir: target });
    const found = await restored.db.collection<Row>('rows').find().sort({ _id: 1 }).toArray();
    expect(found).toEqual(rows(0, report.documents));
    await restored.close();
  });

  it('never writes over anything', async () => {
    writeFileSync(file, 'mine');
    await expect(backupStore(test.dir, file)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    rmSync(file);
    await backupStore(test.dir, file);
    mkdirSync(target);
    writeFileSync(join(target, 'mine'), '');
    await expect(restoreStore(file, target)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(readdirSync(target)).toEqual(['mine']);
    await expect(restoreStore(file, test.dir)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(await test.db.collection('rows').countDocuments()).toBe(500);
  });

  it('refuses a damaged backup and leaves nothing behind', async () => {
    await backupStore(test.dir, file);
    const bytes = readFileSync(file);
    bytes.fill(0x5a, Math.floor(bytes.length / 2));
    writeFileSync(file, bytes);
    await expect(restoreStore(file, target)).rejects.toMatchObject({ code: 'BROKEN' });
    expect(readdirSync(target)).toEqual([]);
    await expect(restoreStore(join(home, 'none'), target)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });

  it('has nothing to copy where there is no store', async () => {
    await expect(backupStore(home, file)).rejects.toMatchObject({ code: 'BROKEN' });
    expect(existsSync(file)).toBe(false);
    expect(readdirSync(home)).toEqual([]);
  });
});
