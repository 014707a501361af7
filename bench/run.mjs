// npm run bench [-- --seconds N] [--client lean|socket.io] [--json]
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureRest, restTable } from './rest.mjs';
import { hasRedis, startTwoNodes } from './two-nodes.mjs';
import {
  ensureBuilt,
  freePort,
  killServices,
  removeFolder,
  startService,
  temporaryFolder,
} from '../scripts/demo/service.mjs';
import { randomSecret, signToken } from '../scripts/demo/token.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8' },
    'warm-up': { type: 'string', default: '3' },
    client: { type: 'string', default: 'lean' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const SECONDS = Number(options.seconds);
const WARM_UP = Number(options['warm-up']);
if (options.help || !(SECONDS > 0) || !(WARM_UP >= 0) || !['lean', 'socket.io'].includes(options.client)) {
  console.log('npm run bench [-- --seconds 8] [--warm-up 3] [--client lean|socket.io] [--json]');
  process.exit(options.help ? 0 : 1);
}

const BYTES = 200;
const CONVERSATIONS = 200;
const GROUP = 30;
const GROUP_USERS = 300;
const CROWD = 500;

const children = new Set();
let folder;
let service;
async function cleanUp() {
  for (const child of children) child.kill('SIGKILL');
  await killServices();
  if (folder) removeFolder(folder);
  folder = undefined;
}
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => void cleanUp().finally(() => process.exit(130)));
}

function forkFile(file, env = {}) {
  const child = fork(join(HERE, file), {
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

const firstMessage = (child, what, limitMs) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what}: no answer in ${limitMs / 1000} s`)), limitMs);
    child.once('message', (message) => (clearTimeout(timer), resolve(message)));
    child.once('exit', (code) => (clearTimeout(timer), reject(new Error(`${what} ended with ${code}`))));
  });

async function load(scenario) {
  const client = forkFile('client.mjs');
  client.send(scenario);
  const { result, error } = await firstMessage(client, scenario.name, (SECONDS + WARM_UP + 90) * 1000);
  if (error) throw new Error(`${scenario.name}: ${error}`);
  return { name: scenario.name, ...result };
}

const secret = randomSecret();
const run = randomBytes(3).toString('hex');

/** Every second one a teacher: they may write to everybody and make groups. */
const school = (from, count) =>
  Array.from({ length: count }, (_, i) => {
    const user_id = from + i;
    const role = i % 2 ? 'parent' : 'enseignant';
    return { id: String(user_id), token: signToken({ sub: `bench.${user_id}`, user_id, role }, secret) };
  });

const common = { seconds: SECONDS, warmUp: WARM_UP, bytes: BYTES, client: options.client, run };
const direct = {
  ...common,
  delivers: true,
  inFlight: 64,
  users: school(100_000, CONVERSATIONS * 2),
  conversations: Array.from({ length: CONVERSATIONS }, (_, i) => [i * 2, i * 2 + 1]),
};
const groups = {
  ...common,
  delivers: true,
  inFlight: 40,
  users: school(200_000, GROUP_USERS),
  // Overlapping, as classes and their teachers are: everybody is in about twenty of them. An even user creates.
  conversations: Array.from({ length: CONVERSATIONS }, (_, g) =>
    Array.from({ length: GROUP }, (__, i) => (g * 14 + i) % GROUP_USERS),
  ),
};

const crowd = {
  ...common,
  delivers: true,
  inFlight: 4,
  users: school(400_000, CROWD),
  conversations: [Array.from({ length: CROWD }, (_, i) => i)],
};

async function raw(mode, scenario) {
  const server = forkFile('raw-server.mjs', { RAW_MODE: mode, RAW_FOLDER: folder });
  const { port } = await firstMessage(server, 'raw server', 10_000);
  try {
    return await load({ ...scenario, urls: [`http://127.0.0.1:${port}`], pids: [server.pid], service: false });
  } finally {
    server.kill('SIGKILL');
  }
}

/** Two people of every conversation are on different nodes. */
async function servedByTwo(scenario) {
  const nodes = await startTwoNodes({ folder, secret, env: { RATE_LIMIT_MESSAGES_PER_MINUTE: '1000000' } });
  try {
    return await load({ ...scenario, urls: nodes.urls, pids: nodes.pids, service: true });
  } finally {
    await nodes.stop();
  }
}

async function startFresh(key) {
  const home = join(folder, `service-${key}`);
  mkdirSync(home);
  const env = { RATE_LIMIT_MESSAGES_PER_MINUTE: '1000000' };
  service = await startService({ folder: home, port: await freePort(), secret, env });
  return service;
}

async function served(scenario) {
  await startFresh(scenario.key);
  try {
    return await load({ ...scenario, urls: [service.url], pids: [service.pid], service: true });
  } catch (error) {
    throw new Error(`${error.message}\n${service.output()}`, { cause: error });
  } finally {
    await service.stop();
  }
}

function ratios(results, base) {
  for (const result of results) {
    result.ratioToRawAck = { ackedPerSecond: result.ackedPerSecond / base.ackedPerSecond };
    const [own, bare] = [result.serverCpuMicrosPerMessage, base.serverCpuMicrosPerMessage];
    result.ratioToRawAck.cpu = own && bare ? bare / own : null;
  }
}

function table(results) {
  const number = (value, digits = 0) => (value === null || value === undefined ? 'n/a' : value.toFixed(digits));
  const percent = (value) => (value === null ? 'n/a' : `${(value * 100).toFixed(0)} %`);
  const pair = (value) => (value ? `${number(value.p50, 1)} / ${number(value.p99, 1)}` : '-');
  const head = [
    '',
    'acked/s',
    'deliv./s',
    'ack p50/p99',
    'deliv. p50/p99',
    'CPU µs/msg',
    'rate:(1)',
    'CPU:(1)',
    'lost',
    'doubled',
    'disorder',
  ];
  const rows = results.map((r) => [
    r.name,
    number(r.ackedPerSecond),
    r.deliveries ? number(r.deliveriesPerSecond) : '-',
    pair(r.ackMs),
    pair(r.deliveryMs),
    number(r.serverCpuMicrosPerMessage, 1),
    percent(r.ratioToRawAck.ackedPerSecond),
    percent(r.ratioToRawAck.cpu),
    String(r.lost),
    String(r.doubled),
    String(r.outOfOrder),
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const line = (row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
  return [line(head), widths.map((w) => '-'.repeat(w)).join('  '), ...rows.map(line)].join('\n');
}

async function main() {
  ensureBuilt();
  folder = temporaryFolder('bench');
  const steps = [
    () => raw('ack', { ...direct, name: '(1) raw Socket.IO, emit with ack', delivers: false }),
    () => raw('relay', { ...direct, name: '(1a) raw, stored + relayed, direct' }),
    () => served({ ...direct, key: 'direct', name: '(2) service, direct chats' }),
    () => raw('relay', { ...groups, name: `(1b) raw, stored + relayed, groups of ${GROUP}` }),
    () => served({ ...groups, key: 'groups', name: `(3) service, groups of ${GROUP}` }),
    () => raw('relay', { ...crowd, name: `(1c) raw, stored + relayed, one group of ${CROWD}` }),
    () => served({ ...crowd, key: 'crowd', name: `(8) service, one group of ${CROWD}` }),
    ...(hasRedis() ? [() => servedByTwo({ ...direct, name: '(9) two nodes with Redis, direct chats' })] : []),
  ];
  const results = [];
  for (const step of steps) {
    results.push(await step());
    if (!options.json) console.error(`${results.at(-1).name}: ${Math.round(results.at(-1).ackedPerSecond)} acked/s`);
  }
  const [rawAck, rawDirect, serviceDirect, rawGroup, serviceGroup, rawCrowd, serviceCrowd, twoNodes] = results;
  ratios(results, rawAck);
  const of = (own, bare) => ({
    ackedPerSecond: own.ackedPerSecond / bare.ackedPerSecond,
    cpu: own.serverCpuMicrosPerMessage ? bare.serverCpuMicrosPerMessage / own.serverCpuMicrosPerMessage : null,
  });
  const summary = {
    directToRawRelay: of(serviceDirect, rawDirect),
    groupToRawRelay: of(serviceGroup, rawGroup),
    crowdToRawRelay: of(serviceCrowd, rawCrowd),
    ...(twoNodes && { twoNodesToOne: of(twoNodes, serviceDirect) }),
  };
  const rest = await measureRest({
    ...{ forkFile, firstMessage, school, folder, run },
    ...{ seconds: SECONDS, warmUp: WARM_UP, bytes: BYTES, startService: startFresh },
  });
  const bad =
    rest.some((r) => r.refused) ||
    results.some((r) => r.lost || r.doubled || r.outOfOrder || r.refused || r.disconnects || r.acked === 0);
  const machine = { node: process.version, platform: process.platform, cpus: cpus().length, model: cpus()[0]?.model };
  if (options.json) {
    console.log(
      JSON.stringify(
        { machine, seconds: SECONDS, client: options.client, bytes: BYTES, results, summary, rest, ok: !bad },
        null,
        2,
      ),
    );
  } else {
    console.log(`\n${table(results)}\n`);
    const say = (r) =>
      `${(r.ackedPerSecond * 100).toFixed(0)} % of its rate${r.cpu ? `, ${(r.cpu * 100).toFixed(0)} % by CPU` : ''}`;
    console.log(`(2) to (1a), the same work without the service: ${say(summary.directToRawRelay)}`);
    console.log(`(3) to (1b), the same work without the service: ${say(summary.groupToRawRelay)}`);
    console.log(`(8) to (1c), the same work without the service: ${say(summary.crowdToRawRelay)}`);
    if (summary.twoNodesToOne) console.log(`(9) to (2), one node without Redis: ${say(summary.twoNodesToOne)}`);
    else console.log('(9) two nodes: not measured, redis-server is not installed');
    console.log(`\n${restTable(rest)}\n`);
    console.log(
      `${machine.cpus} CPUs (${machine.model}), Node ${machine.node}, ${BYTES} bytes, ${SECONDS} s each, client: ${options.client}`,
    );
    for (const r of results) {
      if (r.clientCpuShare > 0.9)
        console.log(
          `${r.name}: the client used ${Math.round(r.clientCpuShare * 100)} % of a CPU and bounds the rate; trust the CPU column.`,
        );
      if (r.refused) console.log(`${r.name}: ${r.refused} sends refused, the first: ${r.firstRefusal}`);
      if (r.disconnects) console.log(`${r.name}: ${r.disconnects} connections lost`);
    }
    console.log(bad ? 'FAILED: see lost, doubled and disorder above.' : 'Nothing lost, doubled or out of order.');
  }
  return bad ? 1 : 0;
}

let code = 1;
try {
  code = await main();
} catch (error) {
  console.error(`The benchmark failed: ${error.message}`);
} finally {
  await cleanUp();
}
process.exit(code);
