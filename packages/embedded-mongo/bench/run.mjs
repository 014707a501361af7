// npm run bench:store [-- --seconds 3] : the store through the driver, beside LMDB alone doing the same to the same disk.
import { startEmbeddedMongo } from '@presencepro/embedded-mongo';
import { serialize } from 'bson';
import { open } from 'lmdb';
import { MongoClient } from 'mongodb';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '3' } } });
const SECONDS = Number(values.seconds);
if (!(SECONDS > 0)) throw new Error('npm run bench:store [-- --seconds 3]');

const CONVERSATIONS = Array.from({ length: 200 }, () => ({ id: randomUUID(), seq: 0 }));
const pick = () => CONVERSATIONS[Math.floor(Math.random() * CONVERSATIONS.length)];

/** A message as the service stores it, about 600 bytes. */
function message() {
  const conversation = pick();
  const now = new Date();
  return {
    _id: randomUUID(),
    conversation_id: conversation.id,
    seq: ++conversation.seq,
    sender_id: String(conversation.seq % 7),
    sender_name: 'Prof. Dupont',
    sender_role: 'teacher',
    client_message_id: randomUUID(),
    body_hash: 'h'.repeat(44),
    content: 'x'.repeat(200),
    message_type: 'text',
    created_at: now,
    updated_at: now,
  };
}

const INDEXES = [
  { key: { conversation_id: 1, seq: 1 }, unique: true },
  {
    key: { conversation_id: 1, sender_id: 1, client_message_id: 1 },
    unique: true,
    partialFilterExpression: { client_message_id: { $exists: true } },
  },
];

function row(name, times, started) {
  const sorted = Float64Array.from(times).sort();
  const at = (share) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN).toFixed(2);
  const rate = (times.length / (performance.now() - started)) * 1000;
  console.log(
    `${name.padEnd(34)} ${Math.round(rate).toString().padStart(8)} ${at(0.5).padStart(9)} ${at(0.99).padStart(9)}`,
  );
  return rate;
}

/** Keeps `width` operations open for the given time. */
async function measure(name, width, operation) {
  const times = [];
  const started = performance.now();
  const until = started + SECONDS * 1000;
  const lane = async () => {
    while (performance.now() < until) {
      const begun = performance.now();
      await operation();
      times.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return row(name, times, started);
}

/** What the store has to do at least for each message: one row and two index entries, and a flush per commit. */
async function bare(dir) {
  const binary = { keyEncoding: 'binary', encoding: 'binary' };
  const env = open({ path: join(dir, 'bare.lmdb'), noSubdir: true, overlappingSync: false, cache: false, ...binary });
  const [doc, idx] = ['doc', 'idx'].map((name) => env.openDB({ name, cache: false, ...binary }));
  const put = () => {
    const one = message();
    const id = Buffer.from(one._id);
    doc.putSync(id, Buffer.from(serialize(one)));
    idx.putSync(Buffer.from(`1${one.conversation_id}${String(one.seq).padStart(9, '0')}`), id);
    idx.putSync(Buffer.from(`2${one.conversation_id}${one.sender_id}${one.client_message_id}`), id);
  };
  const rates = {};
  for (const size of [1, 50]) {
    const times = [];
    const started = performance.now();
    while (performance.now() < started + SECONDS * 1000) {
      const begun = performance.now();
      env.transactionSync(() => {
        for (let i = 0; i < size; i++) put();
      });
      for (let i = 0; i < size; i++) times.push(performance.now() - begun);
    }
    rates[size] = row(`bare LMDB, ${size} a commit`, times, started);
  }
  await env.close();
  return rates[50];
}

const dir = mkdtempSync(join(tmpdir(), 'store-bench-'));
const store = await startEmbeddedMongo({ dir: join(dir, 'store') });
const client = await MongoClient.connect(store.uri, { maxPoolSize: 50 });
try {
  console.log(`${''.padEnd(34)} ${'ops/s'.padStart(8)} ${'p50 ms'.padStart(9)} ${'p99 ms'.padStart(9)}`);
  const group = await bare(dir);
  for (const conversation of CONVERSATIONS) conversation.seq = 0;
  const col = client.db('bench').collection('messages');
  await col.createIndexes(INDEXES);
  const ids = [];
  const insert = async () => {
    const one = message();
    await col.insertOne(one);
    ids.push(one._id);
  };
  const byId = () => ({ _id: ids[Math.floor(Math.random() * ids.length)] });
  const page = () => {
    const { id, seq } = pick();
    const below = Math.max(1, Math.floor(Math.random() * seq));
    return col
      .find({ conversation_id: id, seq: { $lt: below } })
      .sort({ seq: -1 })
      .limit(50)
      .toArray();
  };
  await measure('insert, one after the other', 1, insert);
  const inserts = await measure('insert, 50 at a time', 50, insert);
  await measure('update, one after the other', 1, () => col.updateOne(byId(), { $set: { content: 'edited' } }));
  await measure('update, 50 at a time', 50, () => col.updateOne(byId(), { $set: { content: 'edited again' } }));
  await measure('read by _id, one after the other', 1, () => col.findOne(byId()));
  await measure('read by _id, 50 at a time', 50, () => col.findOne(byId()));
  await measure('page of 50, one after the other', 1, page);
  await measure('page of 50, 20 at a time', 20, page);
  console.log(`\ninserts 50 at a time / bare LMDB 50 a commit: ${(inserts / group).toFixed(2)} (aim: at least 0.30)`);
} finally {
  await client.close();
  await store.stop();
  rmSync(dir, { recursive: true, force: true });
}
