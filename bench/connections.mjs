// npm run bench:connections [-- --clients 2000] : memory of idle connections beside raw Socket.IO, and a reconnect storm.
import { fork } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import {
  ensureBuilt,
  freePort,
  killServices,
  removeFolder,
  sleep,
  startService,
  temporaryFolder,
} from '../scripts/demo/service.mjs';
import { randomSecret, signToken } from '../scripts/demo/token.mjs';
import { inParallel } from './parallel.mjs';
import { connectLean } from './sockets.mjs';

const { values } = parseArgs({ options: { clients: { type: 'string', default: '2000' } } });
const CLIENTS = Number(values.clients);
/** Everybody is in as many conversations as a group has people: groups of the same people, 30 each. */
const GROUP = 30;
const CONVERSATIONS = 30;
const MISSED = 5;
const WIDTH = 50;
const SETTLE_MS = 10_000;
const MAX_MEMORY_RATIO = 1.3;
const MAX_STORM_MS = 15_000;

const secret = randomSecret();
const people = Array.from({ length: CLIENTS }, (_, i) => {
  const user_id = 700_000 + i;
  return {
    id: String(user_id),
    token: signToken({ sub: `b.${user_id}`, user_id, role: i % 2 ? 'parent' : 'enseignant' }, secret),
  };
});
const groups = Array.from({ length: Math.floor(CLIENTS / GROUP) }, (_, g) => people.slice(g * GROUP, (g + 1) * GROUP));

/** Lets the engine of a process collect its garbage, by the debugger's protocol. */
async function collectGarbage(inspector) {
  const [{ webSocketDebuggerUrl }] = await (await fetch(`http://127.0.0.1:${inspector}/json/list`)).json();
  const debug = new WebSocket(webSocketDebuggerUrl);
  await new Promise((resolve, reject) => debug.once('open', resolve).once('error', reject));
  for (let id = 1; id <= 3; id++) {
    const done = new Promise((resolve) => debug.once('message', resolve));
    debug.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }));
    await done;
  }
  debug.close();
}

/** Memory that is not a mapped file, in KB (Linux), without garbage. */
async function memory(pid, inspector) {
  await collectGarbage(inspector);
  await sleep(1_000);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/RssAnon:\s+(\d+) kB/.exec(status)[1]);
}

const ignore = { onDelivery: () => undefined, onLost: () => undefined };
const connectAll = async (url, authOf) => {
  const sockets = [];
  await inParallel(people, WIDTH, async (person) => sockets.push(await connectLean(url, authOf(person), ignore)));
  return sockets;
};

/** @returns KB for each of the connections, once all are open and quiet */
async function idle(url, pid, inspector, authOf) {
  // What the first connections make the engine compile and cache is not theirs.
  for (const person of people.slice(0, 100)) (await connectLean(url, authOf(person), ignore)).close();
  await sleep(SETTLE_MS);
  const before = await memory(pid, inspector);
  const sockets = await connectAll(url, authOf);
  await sleep(SETTLE_MS);
  const each = ((await memory(pid, inspector)) - before) / CLIENTS;
  for (const socket of sockets) socket.close();
  return each;
}

async function request(url, token, method, path, body) {
  const answer = await fetch(`${url}/api/v1/messages${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(60_000),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Everybody calls once: what the store learns of a person is not the connection's. */
const meet = (url, callers) =>
  inParallel(callers, WIDTH, ({ token }) => request(url, token, 'GET', '/conversations?limit=1'));

const sockets = [];
/** Connects, asks what was missed since the cursor, and counts the messages in it. */
async function comeBack(url, { token }, cursor) {
  const socket = await connectLean(url, { token }, ignore);
  sockets.push(socket);
  let since = cursor;
  let messages = 0;
  for (;;) {
    const answer = await new Promise((resolve) => socket.call('sync', { since }, resolve));
    if (!answer.ok) throw new Error(JSON.stringify(answer.error));
    messages += answer.data.events.filter(({ type }) => type === 'message_received').length;
    since = answer.data.cursor;
    if (!answer.data.has_more) return messages;
  }
}

async function storm(url) {
  const members = groups.flat();
  await meet(url, members);
  const made = groups.map(() => []);
  const wanted = groups.flatMap((_, g) => Array.from({ length: CONVERSATIONS }, () => g));
  await inParallel(wanted, WIDTH, async (g) => {
    const [creator, ...others] = groups[g];
    const body = { conversation_type: 'group', title: 'Classe', participant_ids: others.map(({ id }) => id) };
    made[g].push((await request(url, creator.token, 'POST', '/conversations', body)).conversation_id);
  });
  const cursors = new Map();
  await inParallel(members, WIDTH, async (person) => {
    cursors.set(person, (await request(url, person.token, 'GET', '/sync')).cursor);
  });
  const sends = groups.flatMap((group, g) => made[g].slice(0, MISSED).map((id) => ({ id, token: group[0].token })));
  await inParallel(sends, WIDTH, ({ id, token }) =>
    request(url, token, 'POST', '/send', { conversation_id: id, content: 'x'.repeat(200) }),
  );
  await sleep(SETTLE_MS);
  await fetch(`${url}/metrics`); // the lag of what came before
  const began = performance.now();
  const times = [];
  const counts = await Promise.all(
    members.map(async (person) => {
      const messages = await comeBack(url, person, cursors.get(person));
      times.push(performance.now() - began);
      return messages;
    }),
  );
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const lag = Number(/^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(metrics)?.[1]) * 1000;
  for (const socket of sockets) socket.close();
  times.sort((a, b) => a - b);
  const wrong = counts.filter((count) => count !== MISSED).length;
  return { clients: members.length, median: times[Math.floor(times.length / 2)], last: times.at(-1), lag, wrong };
}

ensureBuilt();
const folder = temporaryFolder('connections');
const rawInspector = await freePort();
const raw = fork(join(dirname(fileURLToPath(import.meta.url)), 'raw-server.mjs'), {
  env: { ...process.env, NODE_ENV: 'production', RAW_MODE: 'ack', NODE_OPTIONS: `--inspect=127.0.0.1:${rawInspector}` },
  stdio: ['ignore', 2, 2, 'ipc'],
});
try {
  const { port } = await new Promise((resolve) => raw.once('message', resolve));
  const bare = await idle(`http://127.0.0.1:${port}`, raw.pid, rawInspector, ({ id }) => ({ user: id }));
  raw.kill('SIGKILL');
  const env = { RATE_LIMIT_MESSAGES_PER_MINUTE: '1000000', RATE_LIMIT_CONNECTIONS_PER_MINUTE: '1000' };
  const start = async (name, more = {}) => {
    mkdirSync(join(folder, name));
    return startService({ folder: join(folder, name), port: await freePort(), secret, env: { ...env, ...more } });
  };
  const inspector = await freePort();
  const first = await start('idle', { NODE_OPTIONS: `--inspect=127.0.0.1:${inspector}` });
  await meet(first.url, people);
  const own = await idle(first.url, first.pid, inspector, ({ token }) => ({ token }));
  await first.stop();
  const ratio = own / bare;
  console.log(
    `${CLIENTS} idle connections: raw Socket.IO ${bare.toFixed(1)} KB each, service ${own.toFixed(1)} KB each, ratio ${ratio.toFixed(2)} (at most ${MAX_MEMORY_RATIO})`,
  );
  const second = await start('storm');
  const { clients, median, last, lag, wrong } = await storm(second.url);
  await second.stop();
  console.log(
    `${clients} clients with ${CONVERSATIONS} conversations come back after ${MISSED} changes: half have synced after ${(median / 1000).toFixed(1)} s, the last after ${(last / 1000).toFixed(1)} s (at most ${MAX_STORM_MS / 1000}); event-loop lag p99 ${lag.toFixed(0)} ms`,
  );
  if (wrong > 0) console.log(`FAILED: ${wrong} clients got other changes than they had missed`);
  process.exitCode = ratio > MAX_MEMORY_RATIO || last > MAX_STORM_MS || wrong > 0 ? 1 : 0;
} finally {
  raw.kill('SIGKILL');
  await killServices();
  removeFolder(folder);
}
