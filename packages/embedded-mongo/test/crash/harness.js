// Kills a writing process at random moments and compares what it was told with what is stored afterwards.
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { existsSync, mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { startEmbeddedMongo, verifyStore } = require('@presencepro/embedded-mongo');
const { MongoClient } = require('mongodb');

const GROUP = 7;
/** A folder that grows for ever would make the later rounds slow without making them better. */
const ROUNDS_PER_FOLDER = 15;

/** Small and good enough to repeat a series of kills from its seed (mulberry32). */
function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const emptyLedger = () => ({
  inserted: new Set(),
  updated: new Set(),
  deleted: new Set(),
  groups: new Map(),
  counted: 0,
});

function note(ledger, line) {
  const [what, id] = line.split(' ');
  if (what === 'inserted') ledger.inserted.add(id);
  if (what === 'updated') ledger.updated.add(id);
  if (what === 'deleted') ledger.deleted.add(id);
  if (what === 'grouped') ledger.groups.set(id, 1);
  if (what === 'versioned') ledger.groups.set(id, 2);
  if (what === 'counted') ledger.counted = Math.max(ledger.counted, Number(id));
}

/** One life of the writer; returns how many acknowledgements it printed. */
async function live(dir, ledger, random, writes, duringStart) {
  const child = spawn(process.execPath, [join(__dirname, 'writer.js'), dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  let acknowledged = 0;
  let rest = '';
  // A number of acknowledgements, so that a busy machine works as much for each kill as an idle one.
  const wanted = Math.floor(random() * writes);
  let reached;
  const isReached = new Promise((resolve) => (reached = resolve));
  child.stdout.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (line !== 'ready') acknowledged++;
      note(ledger, line);
    }
    if (acknowledged > wanted) reached();
  });
  const closed = once(child, 'close');
  if (!duringStart) await Promise.race([isReached, closed]);
  await pause(duringStart ? 50 + random() * 450 : random() * 20);
  child.kill('SIGKILL');
  const [code] = await closed;
  if (code !== null) throw new Error(`the writer ended by itself with ${code}`);
  return acknowledged;
}

async function storedIn(dir) {
  const store = await startEmbeddedMongo({ dir });
  const client = await MongoClient.connect(store.uri);
  try {
    const db = client.db('crash');
    return {
      messages: new Map((await db.collection('messages').find().toArray()).map((doc) => [doc._id, doc])),
      groups: byGroup(await db.collection('groups').find().toArray()),
      counter: (await db.collection('counters').findOne({ _id: 'n' }))?.n ?? 0,
    };
  } finally {
    await client.close();
    await store.stop();
  }
}

function byGroup(docs) {
  const groups = new Map();
  for (const doc of docs) groups.set(doc.group, [...(groups.get(doc.group) ?? []), doc]);
  return groups;
}

/** A writer that was killed before it had made the store leaves none; its books are empty, which is compared later. */
async function verified(dir) {
  if (!existsSync(join(dir, 'data.lmdb'))) return { documents: 0, problems: [] };
  return verifyStore(dir).catch((error) => ({ documents: 0, problems: [String(error)] }));
}

/** What an acknowledgement promised and the store does not hold, and what was applied by halves. */
function differences(ledger, stored, kills) {
  const lost = [];
  const half = [];
  for (const id of ledger.inserted) if (!stored.messages.has(id) && !mayBeDeleted(id)) lost.push(`insert ${id}`);
  for (const id of ledger.updated) if (stored.messages.get(id)?.tags[0] !== 'u') lost.push(`update ${id}`);
  for (const id of ledger.deleted) if (stored.messages.has(id)) lost.push(`delete ${id}`);
  for (const [id, version] of ledger.groups) {
    if (!stored.groups.get(id)?.every((doc) => doc.version >= version)) lost.push(`group ${id}`);
  }
  for (const [id, docs] of stored.groups) {
    if (docs.length !== GROUP || new Set(docs.map((doc) => doc.version)).size !== 1) half.push(`group ${id}`);
  }
  if (stored.counter < ledger.counted) lost.push(`counter ${stored.counter} of ${ledger.counted}`);
  // One increment a kill may be stored and not yet acknowledged.
  if (stored.counter > ledger.counted + kills) half.push(`counter ${stored.counter}, acknowledged ${ledger.counted}`);
  return { lost, half };
}

/** The writer deletes every fifth of its messages; such a delete may be done and not yet acknowledged. */
function mayBeDeleted(id) {
  return Number(id.split('-').at(-1)) % 5 === 2;
}

/**
 * Runs the rounds, each until fewer than `writes` are acknowledged, and returns the books: acknowledgements, what was lost, what was applied by halves, what the check of
 * the folder found. `onRound` is told after each.
 */
async function crashRounds({ rounds, writes = 600, seed = Date.now() & 0xffffffff, onRound = () => {} }) {
  const random = randomOf(seed);
  const total = { rounds: 0, seed, acknowledged: 0, documents: 0, lost: [], half: [], problems: [] };
  for (let first = 0; first < rounds; first += ROUNDS_PER_FOLDER) {
    const dir = mkdtempSync(join(tmpdir(), 'store-crash-'));
    const ledger = emptyLedger();
    for (let round = first; round < Math.min(rounds, first + ROUNDS_PER_FOLDER); round++) {
      // Now and then while it starts, so that leftovers of a start and a store that is being made are met as well.
      const acknowledged = await live(dir, ledger, random, writes, random() < 0.2);
      const report = await verified(dir);
      const { lost, half } = differences(ledger, await storedIn(dir), round - first + 1);
      total.rounds++;
      total.acknowledged += acknowledged;
      total.documents = report.documents;
      total.lost.push(...lost);
      total.half.push(...half);
      total.problems.push(...report.problems);
      onRound({ round: round + 1, acknowledged, documents: report.documents, lost, half, problems: report.problems });
      if (lost.length + half.length + report.problems.length > 0) return { ...total, dir };
    }
    rmSync(dir, { recursive: true, force: true });
  }
  return total;
}

module.exports = { crashRounds };
