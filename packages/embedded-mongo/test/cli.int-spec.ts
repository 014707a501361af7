import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { freshDir } from './support';

jest.setTimeout(60_000);

const CLI = join(__dirname, '..', 'dist', 'cli.js');

describe('the store by itself', () => {
  let home: string;
  let dir: string;
  let server: ChildProcess | undefined;
  beforeEach(() => {
    home = freshDir();
    dir = join(home, 'store');
    server = undefined;
  });
  afterEach(() => {
    server?.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true });
  });

  async function serve(...args: string[]): Promise<{ uri: string; ended: Promise<[number | null, string]> }> {
    const child = spawn(process.execPath, [CLI, '--dir', dir, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    server = child;
    let out = '';
    const ended = once(child, 'close').then(([code]): [number | null, string] => [code as number | null, out]);
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    while (!out.includes('\n')) await once(child.stdout, 'data');
    const uri = /^ready (\S+)\n/.exec(out)?.[1];
    if (uri === undefined) throw new Error(`not ready: ${out}`);
    return { uri, ended };
  }

  function cli(...args: string[]): { status: number | null; stdout: string; stderr: string } {
    return spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8' });
  }

  it.each(['SIGTERM', 'SIGINT'] as const)('serves several processes and stops in order on %s', async (signal) => {
    const { uri, ended } = await serve('--socket', join(home, 'own.sock'));
    expect(uri).toContain('own.sock');
    const script = `const { MongoClient } = require('mongodb');
      MongoClient.connect(process.argv[1]).then(async (client) => {
        await client.db('a').collection('b').insertOne({ _id: Number(process.argv[2]) });
        await client.close();
      });`;
    for (const id of ['1', '2']) execFileSync(process.execPath, ['-e', script, uri, id], { cwd: __dirname });
    const client = await MongoClient.connect(uri);
    const col = client.db('a').collection<{ _id: number }>('b');
    expect(await col.distinct('_id')).toEqual([1, 2]);
    await col.insertOne({ _id: 3 });
    server?.kill(signal);
    const [code, out] = await ended;
    expect([code, out.trim().split('\n').at(-1)]).toEqual([0, 'stopped']);
    await client.close();
    expect(existsSync(join(home, 'own.sock'))).toBe(false);
    expect(existsSync(join(dir, 'store.lock'))).toBe(false);
    const verified = cli('--verify', '--dir', dir);
    expect(verified).toMatchObject({ status: 0 });
    expect(verified.stdout).toBe('sound: 3 documents and 0 index entries in 1 collections\n');
  });

  it('backs up while it serves, restores and verifies, and says what is wrong with exit code 1', async () => {
    const { uri, ended } = await serve();
    const client = await MongoClient.connect(uri);
    await client.db('a').collection<{ _id: number }>('b').insertOne({ _id: 1 });
    await client.close();
    const copy = join(home, 'copy');
    expect(cli('--backup', '--dir', dir, '--to', copy)).toMatchObject({ status: 0 });
    expect(cli('--backup', '--dir', dir, '--to', copy)).toMatchObject({ status: 1, stdout: '' });
    const restored = cli('--restore', '--from', copy, '--dir', join(home, 'other'));
    expect(restored.stdout).toBe('sound: 1 documents and 0 index entries in 1 collections\n');
    expect(cli('--restore', '--from', copy, '--dir', dir).stderr).toContain('is not empty');
    const second = cli('--dir', dir);
    expect([second.status, second.stderr]).toEqual([1, expect.stringContaining('in use by process') as string]);
    expect(cli().stderr).toContain('usage:');
    server?.kill('SIGTERM');
    await ended;
  });
});
