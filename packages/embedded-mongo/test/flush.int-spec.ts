import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { freshDir } from './support';

const hasStrace = spawnSync('strace', ['-V']).status === 0;

/** What the store's process did, in order: wrote pages, flushed, wrote a header, answered an insert. */
type Step = 'pages' | 'flush' | 'header' | 'loose header' | 'reply';

/** An insert's reply starts with `n: 1` (int32) here. */
const REPLY = String.raw`\x10\x6e\x00\x01\x00\x00\x00`;

function stepsOf(trace: string): Step[] {
  const kinds = new Map<string, 'data' | 'header'>();
  const steps: Step[] = [];
  for (const line of trace.split('\n')) {
    const opened = /openat\([^,]+, "([^"]*)", ([A-Z_|]+).*= (\d+)$/.exec(line);
    if (opened?.[3]) {
      const isData = /data\.lmdb(\.new)?$/.test(decode(opened[1]));
      if (isData) kinds.set(opened[3], opened[2]?.includes('O_DSYNC') ? 'header' : 'data');
      else kinds.delete(opened[3]);
      continue;
    }
    const call = /(fdatasync|pwrite64|pwritev|writev|write|sendmsg)\((\d+)/.exec(line);
    if (!call?.[1] || !call[2]) continue;
    const kind = kinds.get(call[2]);
    if (call[1] === 'fdatasync') steps.push('flush');
    // Each of the two headers is 128 bytes; only the descriptor opened with O_DSYNC puts them on the disk at once.
    else if (kind && /, 128, (40|4136)\)/.test(line)) steps.push(kind === 'header' ? 'header' : 'loose header');
    else if (kind) steps.push('pages');
    else if (line.includes(REPLY)) steps.push('reply');
  }
  return steps;
}

function decode(text: string | undefined): string {
  return (text ?? '').replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

describe('an acknowledged insert', () => {
  const dir = freshDir();
  const trace = join(dir, 'trace');
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** Inserts one document after the other into a store whose system calls are traced. */
  async function tracedInserts(count: number): Promise<Step[]> {
    const calls = 'openat,fdatasync,pwrite64,pwritev,writev,write,sendmsg';
    const store = join(dir, 'store');
    const holder = [process.execPath, join(__dirname, 'fixtures', 'holder.js'), store];
    const child = spawn('strace', ['-f', '-xx', '-s', '256', '-e', `trace=${calls}`, '-o', trace, ...holder], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const client = await MongoClient.connect(`mongodb://${encodeURIComponent(join(store, 'store.sock'))}`);
    for (let i = 0; i < count; i++) await client.db('flush').collection<{ _id: number }>('rows').insertOne({ _id: i });
    await client.close();
    child.stdin.end();
    await once(child, 'close');
    return stepsOf(readFileSync(trace, 'utf8'));
  }

  const title = 'is answered after its pages are flushed and the header is written through';
  if (!hasStrace) {
    it.todo(`${title} (needs strace)`);
    return;
  }

  it(title, async () => {
    const steps = await tracedInserts(5);
    expect(steps.filter((step) => step === 'reply')).toHaveLength(5);
    // From the first reply to the last: pages, then their flush, then the header, then the reply, and nothing after it.
    const text = steps.slice(steps.indexOf('reply') + 1).join(' ');
    expect(text).toMatch(/^((pages )+flush header reply ?){4}$/);
    // No header is ever written before the pages it speaks of were flushed, not even while the store is made.
    expect(steps.join(' ')).not.toMatch(/pages header|loose header/);
  });
});
