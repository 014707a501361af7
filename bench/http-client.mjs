/** REST load in a process of its own: N keep-alive connections, each sends its next request when it has an answer. */
import { cpuMicros } from './cpu.mjs';
import { connectHttp, httpRequest } from './http-sockets.mjs';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function run({ url, pid, kind, users, conversations, connections, seconds, warmUp, bytes, run: name }) {
  const content = 'x'.repeat(bytes);
  let n = 0;
  const next = {
    send: (i) => {
      n += 1;
      const [from] = conversations[i % conversations.length].members;
      const body = {
        conversation_id: conversations[i % conversations.length].id,
        content,
        client_message_id: `${name}-rest-${n}`,
      };
      return httpRequest('POST', '/api/v1/messages/send', users[from].token, body);
    },
    page: (i) => {
      const { id, members } = conversations[i % conversations.length];
      return httpRequest('GET', `/api/v1/messages/history/${id}?limit=50`, users[members[0]].token);
    },
  }[kind];
  const sockets = await Promise.all(Array.from({ length: connections }, () => connectHttp(url)));
  const latencies = [];
  let refused = 0;
  let firstRefusal;
  let measuring = false;
  let stopped = false;
  let done = 0;
  const worker = async (socket, i) => {
    for (let turn = i; !stopped; turn += connections) {
      const at = performance.now();
      const { status, body } = await socket.request(next(turn));
      if (status >= 300) {
        refused += 1;
        firstRefusal ??= `${status} ${body.toString('utf8').slice(0, 200)}`;
      }
      if (!measuring) continue;
      done += 1;
      latencies.push(performance.now() - at);
    }
  };
  const working = Promise.all(sockets.map(worker));
  await sleep(warmUp * 1000);
  const opened = { at: performance.now(), cpu: cpuMicros(pid), own: process.cpuUsage() };
  measuring = true;
  await sleep(seconds * 1000);
  measuring = false;
  const elapsed = (performance.now() - opened.at) / 1000;
  const cpu = cpuMicros(pid);
  const own = process.cpuUsage(opened.own);
  stopped = true;
  await working;
  for (const socket of sockets) socket.close();
  latencies.sort((a, b) => a - b);
  const at = (p) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * p))] ?? NaN;
  return {
    perSecond: done / elapsed,
    ms: { p50: at(0.5), p99: at(0.99) },
    serverCpuMicros: cpu && opened.cpu && done > 0 ? (cpu - opened.cpu) / done : null,
    clientCpuShare: (own.user + own.system) / 1e6 / elapsed,
    refused,
    firstRefusal,
  };
}

process.once('message', (scenario) => {
  run(scenario).then(
    (result) => process.send({ result }, () => process.exit(0)),
    (error) => process.send({ error: error.message }, () => process.exit(1)),
  );
});
process.on('disconnect', () => process.exit(1));
