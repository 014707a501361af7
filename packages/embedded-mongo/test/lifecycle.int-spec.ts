import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedMongo } from '@presencepro/embedded-mongo';
import { open } from 'lmdb';
import { MongoClient } from 'mongodb';
import { freshDir, openStore } from './support';

jest.setTimeout(60_000);

function start(fixture: string, dir: string): { child: ChildProcess; lines: string[]; ready: Promise<void> } {
  const child = spawn(process.execPath, [join(__dirname, 'fixtures', fixture), dir], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  let rest = '';
  const ready = new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      const parts = (rest + chunk.toString()).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts);
      if (lines.length > 0) resolve();
    });
  });
  return { child, lines, ready };
}

const closed = (child: ChildProcess): Promise<void> => new Promise((resolve) => child.once('close', () => resolve()));

describe('the life of a store', () => {
  let dir: string;
  beforeEach(() => {
    dir = freshDir();
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('keeps documents, indexes and multikey flags over a clean stop', async () => {
    const first = await openStore({ dir });
    const col = first.db.collection<{ _id: number; tags: string[] }>('kept');
    await col.createIndex({ tags: 1 }, { unique: true });
    await col.insertOne({ _id: 1, tags: ['a', 'b'] });
    await first.close();
    const second = await openStore({ dir });
    const again = second.db.collection<{ _id: number; tags: string[] }>('kept');
    expect(await again.find({ tags: { $gte: 'a' } }).toArray()).toEqual([{ _id: 1, tags: ['a', 'b'] }]);
    await expect(again.insertOne({ _id: 2, tags: ['b'] })).rejects.toMatchObject({ code: 11000 });
    await second.close();
  });

  it('writes nothing when it is asked for indexes that stand', async () => {
    const first = await openStore({ dir });
    await first.db.collection('kept').createIndex({ a: 1 });
    await first.close();
    const before = readFileSync(join(dir, 'data.lmdb'));
    const second = await openStore({ dir });
    await second.db.collection('kept').createIndex({ a: 1 });
    await second.close();
    expect(readFileSync(join(dir, 'data.lmdb')).equals(before)).toBe(true);
  });

  it('makes its folder private and cleans up its socket and lock', async () => {
    const store = await startEmbeddedMongo({ dir: join(dir, 'inner') });
    expect(statSync(join(dir, 'inner')).mode & 0o777).toBe(0o700);
    const exits: (Error | undefined)[] = [];
    store.onExit((error) => exits.push(error));
    await store.stop();
    await store.stop();
    expect(exits).toEqual([undefined]);
    expect(existsSync(join(dir, 'inner', 'store.lock'))).toBe(false);
    expect(existsSync(join(dir, 'inner', 'store.sock'))).toBe(false);
  });

  it('finds a socket path for a folder whose own is too long', async () => {
    const deep = join(dir, 'x'.repeat(120));
    mkdirSync(deep);
    const store = await startEmbeddedMongo({ dir: deep });
    expect(decodeURIComponent(store.uri)).toContain(join(tmpdir(), 'embedded-mongo-'));
    const client = await MongoClient.connect(store.uri);
    expect(await client.db('a').command({ ping: 1 })).toMatchObject({ ok: 1 });
    await client.close();
    await store.stop();
  });

  it('refuses a second store on the folder, in this process and in another', async () => {
    const store = await startEmbeddedMongo({ dir });
    await expect(startEmbeddedMongo({ dir })).rejects.toMatchObject({ name: 'EmbeddedMongoError', code: 'LOCKED' });
    const other = start('holder.js', dir);
    await Promise.all([other.ready, closed(other.child)]);
    expect(other.lines).toEqual(['LOCKED']);
    await store.stop();
    const next = start('holder.js', dir);
    await next.ready;
    expect(next.lines).toEqual(['ready']);
    await expect(startEmbeddedMongo({ dir })).rejects.toMatchObject({ code: 'LOCKED' });
    next.child.kill('SIGKILL');
    await closed(next.child);
    await (await startEmbeddedMongo({ dir })).stop();
  });

  it('takes over the lock of an earlier process that had the same number', async () => {
    const stale = { pid: process.pid, born: 'another boot/1', token: 'x' };
    writeFileSync(join(dir, 'store.lock'), JSON.stringify(stale));
    await (await startEmbeddedMongo({ dir })).stop();
    writeFileSync(join(dir, 'store.lock'), '{"pid":');
    await (await startEmbeddedMongo({ dir })).stop();
  });

  it('takes over the lock of a process that was killed and that nobody has buried', async () => {
    // `exec` takes the place of the shell, and what is there then asks after no child.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    while (!/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) await nextTurn();
    writeFileSync(join(dir, 'store.lock'), JSON.stringify({ pid, born: '', token: 'x' }));
    await (await startEmbeddedMongo({ dir })).stop();
    parent.kill();
    await closed(parent);
  });

  it('refuses a format it does not know', async () => {
    await (await startEmbeddedMongo({ dir })).stop();
    const env = open<Buffer, Buffer>({ path: join(dir, 'data.lmdb'), noSubdir: true, keyEncoding: 'binary' });
    const catalog = env.openDB<Buffer, Buffer>({ name: 'cat', keyEncoding: 'binary', encoding: 'binary' });
    const meta = Buffer.from('m:meta');
    const bytes = Buffer.from(catalog.get(meta) ?? Buffer.alloc(0));
    bytes[bytes.indexOf('formatVersion') + 14] = 99;
    await catalog.put(meta, bytes);
    await env.close();
    await expect(startEmbeddedMongo({ dir })).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
    await expect(startEmbeddedMongo({ dir })).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
  });
});
