import { createHash, randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbeddedMongo, verifyStore } from '@presencepro/embedded-mongo';
import { mountSmallDisk, runLimited, runOn, runUnprivileged } from './disks';
import { freshDir, openStore } from './support';

jest.setTimeout(60_000);

interface Row {
  _id: number;
  text: string;
}

const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

describe('a store on a disk that fails it', () => {
  let dir: string;
  let data: string;
  let disk: ReturnType<typeof mountSmallDisk>;
  beforeEach(() => {
    dir = freshDir();
    data = join(dir, 'data.lmdb');
    disk = undefined;
  });
  afterEach(() => {
    disk?.unmount();
    rmSync(dir, { recursive: true, force: true });
  });

  async function fill(count: number): Promise<void> {
    const test = await openStore({ dir });
    const col = test.db.collection<Row>('rows');
    await col.createIndex({ text: 1 });
    await col.insertMany(Array.from({ length: count }, (_, i) => ({ _id: i, text: `${i}`.repeat(100) })));
    await test.close();
  }

  function occupy(path: string): void {
    const fd = openSync(path, 'w');
    expect(() => {
      for (;;) writeSync(fd, Buffer.alloc(4_096));
    }).toThrow('ENOSPC');
    closeSync(fd);
  }

  it('refuses a write that a full disk has no room for, keeps what it acknowledged and goes on reading', async () => {
    disk = mountSmallDisk(dir);
    const store = join(disk?.path ?? dir, 'store');
    const told = disk ? runOn('filler.js', store) : runLimited('filler.js', store, 3_000);
    const acknowledged = told['acknowledged'] as number;
    expect(acknowledged).toBeGreaterThan(100);
    // A file that may not grow comes out short, which LMDB cannot tell from an I/O error.
    expect(disk ? [14031] : [14031, 1]).toContain(told['code']);
    expect(told['readable']).toBe(acknowledged);
    expect(await verifyStore(store)).toMatchObject({ documents: acknowledged, problems: [] });
  });

  it('says at the start that the disk is full, and starts when there is room again', () => {
    disk = mountSmallDisk(dir);
    const store = join(disk?.path ?? dir, 'store');
    expect(runOn('opener.js', store)).toEqual({});
    if (disk) occupy(join(disk.path, 'other'));
    const told = disk ? runOn('opener.js', store) : runLimited('opener.js', store, 0);
    expect(told).toMatchObject({ code: 'DISK_FULL' });
    expect(told['message']).toContain('the disk is full');
    rmSync(join(dir, 'disk', 'other'), { force: true });
    expect(runOn('opener.js', store)).toEqual({});
  });

  it('says that its folder cannot be written, and leaves it as it is', async () => {
    disk = mountSmallDisk(dir);
    const store = join(disk?.path ?? dir, 'store');
    expect(runOn('opener.js', store)).toEqual({});
    const before = hashOf(join(store, 'data.lmdb'));
    disk?.remount('ro');
    const told = disk ? runOn('opener.js', store) : runUnprivileged('opener.js', store);
    expect(told).toMatchObject({ code: 'READ_ONLY' });
    expect(told['message']).toContain('the folder cannot be written');
    expect(await verifyStore(store)).toMatchObject({ problems: [] });
    expect(hashOf(join(store, 'data.lmdb'))).toBe(before);
  });

  const damages: [string, (bytes: number) => void][] = [
    ['random bytes', (bytes) => writeFileSync(data, randomBytes(bytes))],
    ['random bytes at its start', () => overwrite(0, 8_192)],
    ['half of itself', (bytes) => truncateSync(data, Math.floor(bytes / 2))],
    ['only its header', () => truncateSync(data, 8_192)],
    ['100 bytes', () => truncateSync(data, 100)],
    ['nothing', () => truncateSync(data, 0)],
  ];

  function overwrite(at: number, bytes: number): void {
    const fd = openSync(data, 'r+');
    writeSync(fd, randomBytes(bytes), 0, bytes, at);
    closeSync(fd);
  }

  it.each(damages)('refuses a data file of %s and does not touch it', async (_, damage) => {
    await fill(2_000);
    damage(statSync(data).size);
    const before = hashOf(data);
    await expect(startEmbeddedMongo({ dir })).rejects.toMatchObject({ code: 'BROKEN' });
    await expect(startEmbeddedMongo({ dir })).rejects.toMatchObject({ code: 'BROKEN' });
    expect(hashOf(data)).toBe(before);
    const report = await verifyStore(dir).catch((error: unknown) => error);
    const problems = report instanceof Error ? [report.message] : (report as { problems: string[] }).problems;
    expect(problems.length).toBeGreaterThan(0);
  });

  it('finds random bytes in the middle of the file when it is verified', async () => {
    await fill(2_000);
    overwrite(Math.floor(statSync(data).size / 2 / 4096) * 4096, 4_096);
    const { problems } = await verifyStore(dir);
    expect(problems[0]).toMatch(/page \d+ of table (doc|idx) is damaged|is damaged/);
  });

  it('takes a store that was killed while it was made for a new one', async () => {
    writeFileSync(`${data}.new`, randomBytes(10_000));
    writeFileSync(`${data}.new-lock`, '');
    await fill(10);
    expect(await verifyStore(dir)).toMatchObject({ documents: 10, problems: [] });
  });

  it('keeps its files to its owner', async () => {
    const test = await openStore({ dir });
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    for (const name of ['data.lmdb', 'data.lmdb-lock', 'store.lock', 'store.sock']) {
      expect([name, (statSync(join(dir, name)).mode & 0o777).toString(8)]).toEqual([name, '600']);
    }
    await test.close();
  });
});
