// npm run bench:growth [-- --messages 1000000] : what a request costs in a full store, beside one with 1,000 messages.
import { startEmbeddedMongo } from '@presencepro/embedded-mongo';
import mongoose from 'mongoose';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuilt, freePort, removeFolder, startService, temporaryFolder } from '../scripts/demo/service.mjs';
import { randomSecret, signToken } from '../scripts/demo/token.mjs';

const { values } = parseArgs({ options: { messages: { type: 'string', default: '1000000' } } });
const SMALL = 1_000;
const LARGE = Number(values.messages);
const CONVERSATIONS = 500;
/** Conversations long enough for a page in either store. */
const LONG = 25;
const PAGE = 20;
const ROUNDS = 15;
const REQUESTS = 20;
const MAX_RATIO = 1.2;
const BATCH = 5_000;
const DATABASE = 'presencepro_messaging';
const OWNER = '1';

const conversationId = (i) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
const messageId = (i, seq) => `${String(seq).padStart(8, '0')}-0000-7000-8000-${String(i).padStart(12, '0')}`;
const otherOf = (i) => String(1_000 + i);

/** How many messages each conversation has, so that all together are `total`. */
function lengths(total) {
  const rest = CONVERSATIONS - LONG;
  const short = total === SMALL ? 1 : Math.floor(total / CONVERSATIONS);
  const long = Math.floor((total - rest * short) / LONG);
  return Array.from({ length: CONVERSATIONS }, (_, i) => (i < LONG ? long : short));
}

function person(userId, name, role) {
  const now = new Date();
  const key = name.toLowerCase();
  return {
    _id: userId,
    username: key,
    display_name: name,
    search_key: key,
    search_key_last: key,
    role,
    role_source: 'directory',
    name_source: 'directory',
    is_active: true,
    created_at: now,
    updated_at: now,
  };
}

function message(i, seq, at) {
  const sender = seq % 2 === 0 ? OWNER : otherOf(i);
  return {
    _id: messageId(i, seq),
    conversation_id: conversationId(i),
    seq,
    sender_id: sender,
    sender_name: 'Prof. Dupont',
    sender_role: sender === OWNER ? 'parent' : 'teacher',
    client_message_id: `k${seq}`,
    body_hash: 'h'.repeat(22),
    content: 'x'.repeat(200),
    message_type: 'text',
    created_at: at,
    updated_at: at,
  };
}

/** One person with 500 direct conversations, written as the service would have. */
async function fill(folder, total) {
  const store = await startEmbeddedMongo({ dir: join(folder, 'data', 'store') });
  const client = await mongoose.mongo.MongoClient.connect(store.uri);
  const db = client.db(DATABASE);
  const insert = async (collection, documents) => {
    for (let at = 0; at < documents.length; at += BATCH) await collection.insertMany(documents.slice(at, at + BATCH));
  };
  const people = Array.from({ length: CONVERSATIONS }, (_, i) => person(otherOf(i), `Teacher ${i}`, 'teacher'));
  await insert(db.collection('user_status'), [person(OWNER, 'Marie Martin', 'parent'), ...people]);
  const began = Date.now() - 30 * 86_400_000;
  for (const [i, length] of lengths(total).entries()) {
    const messages = Array.from({ length }, (_, n) => message(i, n + 1, new Date(began + n * 1_000)));
    await insert(db.collection('messages'), messages);
    const last = messages[length - 1];
    await db.collection('memberships').insertMany(
      [OWNER, otherOf(i)].map((userId) => ({
        _id: `${conversationId(i)}/${userId}`,
        conversation_id: conversationId(i),
        user_id: userId,
        joined_seq: 0,
        read_seq: Math.max(0, length - 10),
        delivered_seq: Math.max(0, length - 10),
        read_marks: [],
      })),
    );
    await db.collection('conversations').insertOne({
      _id: conversationId(i),
      type: 'direct',
      participants: [OWNER, otherOf(i)].sort(),
      posting: 'everyone',
      history: 'all',
      created_by: OWNER,
      version: 1,
      summary: {
        seq: length,
        mod: 0,
        receipts: 0,
        last_id: last._id,
        last_at: last.created_at,
        last_by: last.sender_id,
      },
      activity_at: last.created_at,
      created_at: new Date(began),
      updated_at: last.created_at,
    });
  }
  await client.close();
  await store.stop();
}

async function call(service, token, method, path) {
  const answer = await fetch(`${service.url}${path}`, { method, headers: { authorization: `Bearer ${token}` } });
  const body = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(body)}`);
  return body;
}

/** Each takes the number of the request and asks for something else every time. */
const OPERATIONS = {
  'history page of 20': async ({ service, token }, n) => {
    const { messages } = await call(
      service,
      token,
      'GET',
      `/api/v1/messages/history/${conversationId(n % LONG)}?limit=${PAGE}`,
    );
    if (messages.length !== PAGE) throw new Error(`a page of ${messages.length}`);
  },
  'conversation list (500)': async ({ service, token }, n) => {
    const { conversations } = await call(
      service,
      token,
      'GET',
      `/api/v1/messages/conversations?limit=${PAGE}&page=${1 + (n % 5)}`,
    );
    if (conversations.length !== PAGE) throw new Error(`a list of ${conversations.length}`);
  },
  'people search': async ({ service, token }, n) => {
    const people = await call(service, token, 'GET', `/api/v1/users?q=teacher%20${n % 10}&limit=${PAGE}`);
    if (JSON.stringify(people).length < 100) throw new Error('nobody found');
  },
  'mark-read': async ({ service, token, lengths: all }, n) => {
    const i = n % LONG;
    const seq = all[i] - 10 + 1 + (Math.floor(n / LONG) % 9);
    await call(service, token, 'POST', `/api/v1/messages/mark-read/${messageId(i, seq)}`);
  },
};

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

ensureBuilt();
const secret = randomSecret();
const token = signToken({ sub: OWNER, user_id: 1, username: 'Marie Martin', role: 'parent' }, secret);
const stores = [SMALL, LARGE].map((total) => ({ total, folder: temporaryFolder(`growth-${total}`) }));
const services = [];
try {
  for (const { folder, total } of stores) {
    const first = await startService({ folder, port: await freePort(), secret }); // makes collections and indexes
    await first.stop();
    const began = performance.now();
    await fill(folder, total);
    console.log(`${total} messages written in ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
  for (const { folder, total } of stores) {
    const service = await startService({ folder, port: await freePort(), secret, timeoutMs: 120_000 });
    services.push({ service, token, lengths: lengths(total) });
  }
  let failed = false;
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    const times = services.map(() => []);
    // Alternating, so that what else this machine does meets both alike; the first rounds warm up.
    for (let round = 0; round < ROUNDS; round++) {
      for (const [which, target] of services.entries()) {
        for (let i = 0; i < REQUESTS; i++) {
          const began = performance.now();
          await operation(target, round * REQUESTS + i);
          if (round >= 3) times[which].push(performance.now() - began);
        }
      }
    }
    const [small, large] = times.map(median);
    const ratio = large / small;
    failed ||= ratio > MAX_RATIO;
    console.log(
      `${name.padEnd(26)} ${small.toFixed(2)} ms at ${SMALL}, ${large.toFixed(2)} ms at ${LARGE}: ratio ${ratio.toFixed(2)}`,
    );
  }
  console.log(failed ? `a ratio is above ${MAX_RATIO}` : `all ratios at most ${MAX_RATIO}`);
  process.exitCode = failed ? 1 : 0;
} finally {
  for (const { service } of services) await service.stop();
  for (const { folder } of stores) removeFolder(folder);
}
