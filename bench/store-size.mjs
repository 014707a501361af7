// npm run bench:store-size [-- --messages 1000000] : what the embedded store adds to the service, full beside empty.
import { startEmbeddedMongo } from '@presencepro/embedded-mongo';
import mongoose from 'mongoose';
import { randomUUID } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuilt, freePort, removeFolder, startService, temporaryFolder } from '../scripts/demo/service.mjs';
import { randomSecret } from '../scripts/demo/token.mjs';

const { values } = parseArgs({ options: { messages: { type: 'string', default: '1000000' } } });
const MESSAGES = Number(values.messages);
const MAX_MB = 150;
const MAX_MS = 1_000;
const STARTS = 5;
const PER_CONVERSATION = 500;
const BATCH = 5_000;
const DATABASE = 'presencepro_messaging';

/** Memory that is not the mapped file, in MB (Linux). */
function ownMemory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (name) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)[1]) / 1024;
  return of('RssAnon') + of('RssShmem');
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

async function startOnce(folder, secret) {
  const began = performance.now();
  const service = await startService({ folder, port: await freePort(), secret, timeoutMs: 120_000 });
  const ms = performance.now() - began;
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const mb = ownMemory(service.pid);
  await service.stop();
  return { ms, mb };
}

function message(number) {
  const conversation = Math.floor(number / PER_CONVERSATION);
  const now = new Date();
  return {
    _id: randomUUID(),
    conversation_id: `00000000-0000-4000-8000-${String(conversation).padStart(12, '0')}`,
    seq: (number % PER_CONVERSATION) + 1,
    sender_id: String(number % 7),
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

async function fill(folder) {
  const store = await startEmbeddedMongo({ dir: join(folder, 'data', 'store') });
  const client = await mongoose.mongo.MongoClient.connect(store.uri);
  const messages = client.db(DATABASE).collection('messages');
  for (let from = 0; from < MESSAGES; from += BATCH) {
    await messages.insertMany(Array.from({ length: Math.min(BATCH, MESSAGES - from) }, (_, i) => message(from + i)));
  }
  const indexes = (await messages.indexes()).length;
  await client.close();
  await store.stop();
  const { size } = statSync(join(folder, 'data', 'store', 'data.lmdb'));
  console.log(`${MESSAGES} messages, ${indexes} indexes, data file ${Math.round(size / 1024 / 1024)} MB`);
}

ensureBuilt();
const secret = randomSecret();
const folders = { empty: temporaryFolder('empty'), full: temporaryFolder('full') };
try {
  for (const folder of Object.values(folders)) await startOnce(folder, secret); // makes collections and indexes
  await fill(folders.full);
  const runs = { empty: [], full: [] };
  // Alternating: what else this machine does meets both alike.
  for (let i = 0; i < STARTS; i++) {
    for (const name of ['empty', 'full']) runs[name].push(await startOnce(folders[name], secret));
  }
  const figures = {};
  for (const name of ['empty', 'full']) {
    figures[name] = { ms: median(runs[name].map((run) => run.ms)), mb: median(runs[name].map((run) => run.mb)) };
    const { ms, mb } = figures[name];
    console.log(
      `${name.padEnd(6)} start ${ms.toFixed(0)} ms, memory beyond mapped files ${mb.toFixed(0)} MB (medians of ${STARTS})`,
    );
  }
  const ms = figures.full.ms - figures.empty.ms;
  const mb = figures.full.mb - figures.empty.mb;
  console.log(`added: ${ms.toFixed(0)} ms (at most ${MAX_MS}), ${mb.toFixed(0)} MB (at most ${MAX_MB})`);
  process.exitCode = ms > MAX_MS || mb > MAX_MB ? 1 : 0;
} finally {
  for (const folder of Object.values(folders)) removeFolder(folder);
}
