/** The load, in a process of its own: takes one scenario from its parent, measures it, sends the result back and ends. */
import { cpuMicros } from './cpu.mjs';
import { inParallel } from './parallel.mjs';
import { connectLean, connectReal } from './sockets.mjs';

const now = () => performance.now();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Samples {
  values = new Float64Array(1 << 16);
  count = 0;

  add(value) {
    if (this.count === this.values.length) {
      const wider = new Float64Array(this.count * 2);
      wider.set(this.values);
      this.values = wider;
    }
    this.values[this.count++] = value;
  }

  percentiles() {
    if (this.count === 0) return null;
    const sorted = this.values.subarray(0, this.count).sort();
    const at = (p) => Math.round(sorted[Math.min(this.count - 1, Math.floor(this.count * p))] * 1000) / 1000;
    return { p50: at(0.5), p99: at(0.99) };
  }
}

const cpuOf = (pids) => pids.reduce((sum, pid) => sum + (cpuMicros(pid) ?? Number.NaN), 0);

async function rest(url, token, path, body) {
  const answer = await fetch(url + path, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    body: body ? JSON.stringify(body) : undefined,
    signal: AbortSignal.timeout(20_000),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text.slice(0, 300)}`);
  return JSON.parse(text);
}

async function run(scenario) {
  const { urls, service, users, conversations, inFlight, seconds, warmUp, bytes, pids, delivers } = scenario;
  const [url] = urls;
  const counts = { sent: 0, acked: 0, refused: 0, deliveries: 0, lost: 0, doubled: 0, outOfOrder: 0, disconnects: 0 };
  const ackMs = new Samples();
  const deliveryMs = new Samples();
  let firstRefusal;
  let measuring = false;
  let stopped = false;
  let measuredAcks = 0;
  let measuredDeliveries = 0;

  const convs = conversations.map((members, index) => ({
    index,
    members,
    slotOf: new Map(members.map((user, slot) => [user, slot])),
    id: `room-${index}`,
    messages: [],
    lastSeq: new Float64Array(members.length),
    lastOf: members.map(() => new Map()),
    turn: 0,
  }));

  const received = (user, mark) => {
    const conv = convs[mark.conv];
    const slot = conv?.slotOf.get(user);
    const message = conv?.messages[mark.n];
    // A message that nobody here sent, or for somebody else: as bad as a second copy.
    if (slot === undefined || !message) return void (counts.doubled += 1);
    if (message.seen[slot]) return void (counts.doubled += 1);
    message.seen[slot] = 1;
    message.deliveries += 1;
    counts.deliveries += 1;
    if (mark.seq <= conv.lastSeq[slot] || (conv.lastOf[slot].get(mark.sender) ?? -1) > mark.n) counts.outOfOrder += 1;
    conv.lastSeq[slot] = mark.seq;
    conv.lastOf[slot].set(mark.sender, mark.n);
    if (measuring) measuredDeliveries += 1;
    if (message.measured) deliveryMs.add(now() - message.at);
  };

  const connect = scenario.client === 'socket.io' ? connectReal : connectLean;
  const rooms = users.map(() => []);
  if (!service && delivers) for (const conv of convs) for (const user of conv.members) rooms[user].push(conv.id);
  const sockets = [];
  await inParallel(users, 32, async (user, i) => {
    sockets[i] = await connect(
      urls[i % urls.length],
      { token: user.token, user: user.id, rooms: rooms[i] },
      { onDelivery: (mark) => received(i, mark), onLost: () => (counts.disconnects += 1) },
    );
  });
  if (service) {
    await inParallel(convs, 8, async (conv) => {
      const [creator, ...others] = conv.members;
      const group = conv.members.length > 2;
      const made = await rest(url, users[creator].token, '/api/v1/messages/conversations', {
        participant_ids: others.map((user) => users[user].id),
        conversation_type: group ? 'group' : 'direct',
        ...(group ? { title: `Bench ${conv.index}` } : {}),
      });
      conv.id = made.conversation_id;
    });
    await sleep(300);
  }

  const padding = 'x'.repeat(bytes);
  let turn = 0;
  let outstanding = 0;
  const sendOne = () => {
    if (stopped) return;
    const conv = convs[turn++ % convs.length];
    const slot = conv.turn++ % conv.members.length;
    const n = conv.messages.length;
    const head = `b|${conv.index}|${slot}|${n}|`;
    const message = {
      at: now(),
      measured: measuring,
      acked: false,
      deliveries: 0,
      seen: new Uint8Array(conv.members.length),
    };
    conv.messages.push(message);
    counts.sent += 1;
    outstanding += 1;
    const body = {
      conversation_id: conv.id,
      content: head + padding.slice(head.length),
      client_message_id: `${scenario.run}-${conv.index}-${n}`,
    };
    sockets[conv.members[slot]].send(body, (ok, text) => {
      outstanding -= 1;
      if (ok) {
        message.acked = true;
        counts.acked += 1;
        if (measuring) measuredAcks += 1;
        if (message.measured) ackMs.add(now() - message.at);
        sendOne();
      } else {
        counts.refused += 1;
        firstRefusal ??= text.slice(0, 300);
        // A server that refuses must not make this an endless loop of refusals.
        setTimeout(sendOne, 50);
      }
    });
  };
  for (let i = 0; i < inFlight; i += 1) sendOne();

  await sleep(warmUp * 1000);
  const opened = { at: now(), cpu: cpuOf(pids), own: process.cpuUsage() };
  measuring = true;
  await sleep(seconds * 1000);
  measuring = false;
  const elapsed = (now() - opened.at) / 1000;
  const cpu = cpuOf(pids);
  const own = process.cpuUsage(opened.own);
  const inWindow = { acked: measuredAcks, deliveries: measuredDeliveries };
  stopped = true;

  const missing = () => {
    let sum = 0;
    for (const conv of convs) {
      for (const message of conv.messages) {
        if (message.acked) sum += Math.max(0, conv.members.length - 1 - message.deliveries);
      }
    }
    return sum;
  };
  const until = now() + 5000;
  while (now() < until && (outstanding > 0 || (delivers && missing() > 0))) await sleep(50);
  await sleep(100); // a second copy may trail the first one
  counts.lost = outstanding + (delivers ? missing() : 0);
  if (service) {
    // What was acknowledged must also be stored, once: the history's count says it.
    await inParallel(convs, 8, async (conv) => {
      const { total_count: stored } = await rest(
        url,
        users[conv.members[0]].token,
        `/api/v1/messages/history/${conv.id}?limit=1`,
      );
      const acked = conv.messages.reduce((sum, message) => sum + (message.acked ? 1 : 0), 0);
      if (stored < acked) counts.lost += acked - stored;
      else counts.doubled += Math.max(0, stored - conv.messages.length);
    });
  }
  for (const socket of sockets) socket.close();

  const known = Number.isFinite(cpu) && Number.isFinite(opened.cpu) && inWindow.acked > 0;
  return {
    connections: users.length,
    conversations: convs.length,
    inFlight,
    seconds: elapsed,
    ackedPerSecond: inWindow.acked / elapsed,
    deliveriesPerSecond: inWindow.deliveries / elapsed,
    ackMs: ackMs.percentiles(),
    deliveryMs: deliveryMs.percentiles(),
    serverCpuMicrosPerMessage: known ? (cpu - opened.cpu) / inWindow.acked : null,
    serverCpuShare: known ? (cpu - opened.cpu) / 1e6 / elapsed : null,
    clientCpuShare: (own.user + own.system) / 1e6 / elapsed,
    ...counts,
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
