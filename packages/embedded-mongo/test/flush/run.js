// npm run store:flush: reads from the system calls of a store's process (strace, Linux) in which order it works.
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { MongoClient } = require('mongodb');

const CALLS = 'openat,fdatasync,pwrite64,pwritev,writev,write,sendmsg';
const INSERTS = 20;
/** An insert's reply starts with `n: 1` (int32) here. */
const REPLY = String.raw`\x10\x6e\x00\x01\x00\x00\x00`;

const decode = (text) => text.replace(/\\x([0-9a-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));

/** What the store's process did, in order: wrote pages, flushed, wrote a header, answered an insert. */
function stepsOf(trace) {
  const kinds = new Map();
  const steps = [];
  for (const line of trace.split('\n')) {
    const opened = /openat\([^,]+, "([^"]*)", ([A-Z_|]+).*= (\d+)$/.exec(line);
    if (opened) {
      const isData = /data\.lmdb(\.new)?$/.test(decode(opened[1]));
      if (isData) kinds.set(opened[3], opened[2].includes('O_DSYNC') ? 'header' : 'data');
      else kinds.delete(opened[3]);
      continue;
    }
    const call = /(fdatasync|pwrite64|pwritev|writev|write|sendmsg)\((\d+)/.exec(line);
    if (!call) continue;
    const kind = kinds.get(call[2]);
    if (call[1] === 'fdatasync') steps.push('flush');
    // Each of the two headers is 128 bytes; only the descriptor opened with O_DSYNC puts them on the disk at once.
    else if (kind && /, 128, (40|4136)\)/.test(line)) steps.push(kind === 'header' ? 'header' : 'loose header');
    else if (kind) steps.push('pages');
    else if (line.includes(REPLY)) steps.push('reply');
  }
  return steps;
}

/** Inserts one document after the other into a store whose system calls are traced. */
async function tracedInserts(dir) {
  const trace = join(dir, 'trace');
  const store = join(dir, 'store');
  const holder = [process.execPath, join(__dirname, '../fixtures/holder.js'), store];
  const child = spawn('strace', ['-f', '-xx', '-s', '256', '-e', `trace=${CALLS}`, '-o', trace, ...holder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error('the store did not start under strace'))),
  ]);
  const client = await MongoClient.connect(`mongodb://${encodeURIComponent(join(store, 'store.sock'))}`);
  for (let i = 0; i < INSERTS; i++) await client.db('flush').collection('rows').insertOne({ _id: i });
  await client.close();
  child.stdin.end();
  await once(child, 'close');
  return stepsOf(readFileSync(trace, 'utf8'));
}

async function main() {
  const dir = mkdtempSync(join(tmpdir(), 'embedded-mongo-flush-'));
  try {
    const steps = await tracedInserts(dir);
    const replies = steps.filter((step) => step === 'reply').length;
    // From the first reply to the last: pages, then their flush, then the header, then the reply, and nothing after it.
    const text = steps.slice(steps.indexOf('reply') + 1).join(' ');
    const inOrder = new RegExp(`^((pages )+flush header reply ?){${INSERTS - 1}}$`).test(text);
    // No header is ever written before the pages it speaks of were flushed, not even while the store is made.
    const early = /pages header|loose header/.test(steps.join(' '));
    const right = replies === INSERTS && inOrder && !early;
    if (!right) console.log(steps.join(' '));
    console.log(`${replies} inserts answered: ${right ? 'each' : 'NOT each'} after pages, flush and header`);
    process.exitCode = right ? 0 : 1;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

main().catch((error) => {
  console.error(error.code === 'ENOENT' ? 'npm run store:flush needs strace' : error);
  process.exitCode = 1;
});
