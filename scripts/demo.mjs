// npm run demo                                      starts the built service, kills it three times, proves that nothing is lost
// npm run demo -- --url http://host:8007 --secret S  the same conversation with a running service, without the kills
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Person } from './demo/person.mjs';
import {
  ensureBuilt,
  freePort,
  killServices,
  removeFolder,
  sleep,
  startService,
  temporaryFolder,
} from './demo/service.mjs';
import { sameBytes, textOf } from './demo/texts.mjs';
import { randomSecret } from './demo/token.mjs';

const { values: options } = parseArgs({
  options: {
    url: { type: 'string' },
    secret: { type: 'string' },
    messages: { type: 'string', default: '200' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log('npm run demo [-- --url URL --secret SECRET_KEY] [--messages N per conversation, default 200]');
  process.exit(0);
}
const MESSAGES = Math.max(10, Number(options.messages) || 200);
const KILLS = options.url ? 0 : 3;
const LIMIT_MS = 110_000;
const RUN = randomBytes(4).toString('hex');

let folder;
let service;
let people = [];
async function cleanUp() {
  for (const person of people) person.close();
  await killServices();
  if (folder) removeFolder(folder);
  folder = undefined;
}
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => void cleanUp().finally(() => process.exit(130)));
}

const percentile = (sorted, p) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? NaN;
const ms = (value) => (Number.isNaN(value) ? '-' : value.toFixed(1));

function cast() {
  const claims = [
    { sub: 'marie.martin', user_id: 42, role: 'parent', display_name: 'Marie Martin' },
    { sub: 'prof.dupont', user_id: 7, role: 'enseignant', display_name: 'Prof. Dupont' },
  ];
  for (let i = 1; i <= 28; i += 1) {
    claims.push({ sub: `eleve.${i}`, user_id: 1000 + i, role: 'etudiant', display_name: `Élève ${i}` });
  }
  return claims;
}

/** Kills the service when a share of the sends is out, a few random milliseconds later, while one is still unanswered. */
function killer(restart) {
  const total = MESSAGES * 2;
  const marks = Array.from({ length: KILLS }, (_, i) => Math.floor(total * ((i + 0.3 + Math.random() * 0.6) / KILLS)));
  const state = { sent: 0, kills: 0, unanswered: [], backAfterMs: [], restarting: undefined };
  const unanswered = () => people.reduce((sum, person) => sum + person.inFlight, 0);
  let armed = false;
  state.onSend = () => {
    state.sent += 1;
    if (armed || state.restarting || state.kills >= KILLS || state.sent < marks[state.kills]) return;
    armed = true;
    const fire = () => {
      armed = false;
      const open = unanswered();
      if (open === 0) return; // answered in the meantime: the next send tries again
      service.killNow();
      state.kills += 1;
      state.unanswered.push(open);
      const at = Date.now();
      state.restarting = restart().then(() => {
        state.backAfterMs.push(Date.now() - at);
        state.restarting = undefined;
      });
      state.restarting.catch(() => {}); // reported by whoever awaits it
    };
    // Between "just written to the socket" and "about to be acknowledged".
    const delay = Math.random() * 4;
    if (delay < 1) setImmediate(fire);
    else setTimeout(fire, delay);
  };
  return state;
}

async function verify(conversation, readers) {
  const { id, items } = conversation;
  const report = {
    name: conversation.name,
    sent: items.length,
    acknowledged: items.filter((item) => item.message).length,
    live: 0,
    history: 0,
    stored: 0,
    lost: 0,
    doubled: 0,
    outOfOrder: 0,
    damaged: 0,
    ack: items.map((item) => item.ackMs).filter((value) => value !== undefined),
  };
  const mine = new Map(items.map((item) => [item.clientId, item]));
  for (const person of readers) {
    const { messages, total } = await person.history(id);
    const seen = new Map();
    const lastOfSender = new Map();
    if (total !== messages.length) report.lost += Math.abs(total - messages.length);
    messages.forEach((message, i) => {
      // Dense from 1; a running service may have retired the oldest, so there from whatever comes first.
      const expected = options.url ? messages[0].seq + i : i + 1;
      if (message.seq !== expected) report.outOfOrder += 1;
      const item = mine.get(message.client_message_id);
      if (!item || item.sender.id !== message.sender_id) {
        if (!options.url) report.doubled += 1; // nobody else writes here: it can only be a second copy
        return;
      }
      seen.set(item, (seen.get(item) ?? 0) + 1);
      if (item.message && item.message.message_id !== message.message_id) report.doubled += 1;
      if (!sameBytes(item.content, message.content)) report.damaged += 1;
      if ((lastOfSender.get(message.sender_id) ?? -1) > item.n) report.outOfOrder += 1;
      lastOfSender.set(message.sender_id, item.n);
    });
    for (const item of items) {
      const times = seen.get(item) ?? 0;
      if (times === 0) report.lost += 1;
      if (times > 1) report.doubled += times - 1;
    }
    report.stored = Math.max(report.stored, seen.size);
  }
  for (const person of conversation.members) {
    const box = person.box(id);
    const wanted = items.filter((item) => item.sender !== person && item.message);
    if (wanted.some((item) => !box.ids.has(item.message.message_id))) await person.catchUp(id, 0);
    for (const item of wanted) {
      const how = box.ids.get(item.message.message_id);
      if (how === 'live') report.live += 1;
      else if (how === 'history') report.history += 1;
      else report.lost += 1;
      if (how && !sameBytes(item.content, box.texts.get(item.message.message_id))) report.damaged += 1;
    }
    report.doubled += box.doubled;
    report.outOfOrder += box.backwards;
  }
  return report;
}

function print(reports) {
  const head = [
    'conversation',
    'sent',
    'acked',
    'live',
    'history',
    'stored',
    'lost',
    'doubled',
    'disorder',
    'p50 ms',
    'p99 ms',
  ];
  const rows = reports.map((r) => {
    const ack = r.ack.sort((a, b) => a - b);
    return [
      r.name,
      ...[r.sent, r.acknowledged, r.live, r.history, r.stored, r.lost, r.doubled, r.outOfOrder].map(String),
      ms(percentile(ack, 0.5)),
      ms(percentile(ack, 0.99)),
    ];
  });
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const line = (row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
  console.log([line(head), widths.map((w) => '-'.repeat(w)).join('  '), ...rows.map(line)].join('\n'));
  console.log(
    'live / history: deliveries, counted per recipient; a message committed in the moment of a kill arrives by history.\n' +
      'ack ms: from the attempt that was answered, so without the time the service was down.',
  );
}

async function main() {
  const secret = options.secret ?? process.env.SECRET_KEY ?? randomSecret();
  let url = options.url?.replace(/\/$/, '');
  const start = async () => {
    await service?.exited; // its port and its lock on the store go with it
    // The connection rate too: thirty people reconnect in the same second after each kill.
    service = await startService({
      folder,
      port: Number(new URL(url).port),
      secret,
      env: { RATE_LIMIT_MESSAGES_PER_MINUTE: '100000', RATE_LIMIT_CONNECTIONS_PER_MINUTE: '1000' },
    });
  };
  if (url) {
    if (!options.secret && !process.env.SECRET_KEY)
      throw new Error('--url needs --secret, the SECRET_KEY of that service');
  } else {
    ensureBuilt();
    folder = temporaryFolder('demo');
    url = `http://127.0.0.1:${await freePort()}`;
    await start();
  }

  const conversations = [];
  let rateLimited = false;
  const kill = killer(start);
  const hooks = {
    sent: () => kill.onSend(),
    rateLimited: () => {
      if (!rateLimited)
        console.error('The service limits the rate (RATE_LIMIT_MESSAGES_PER_MINUTE): sending more slowly.');
      rateLimited = true;
    },
    reconnected: (person) => {
      const boxes = conversations.filter(({ id, members }) => id && members.includes(person));
      const read = boxes.map(({ id }) => person.catchUp(id, person.box(id).last));
      // A second kill may cut this off; the next reconnect or the check at the end reads again.
      person.missed = Promise.allSettled(read);
    },
  };
  // One at a time against somebody's service: after a refusal by the rate limit the order of sending still holds.
  people = cast().map((claims) => new Person({ claims, secret, url, window: options.url ? 1 : 4, hooks }));
  const [marie, dupont] = people;
  await Promise.all(people.map((person) => person.connect()));

  const group = await dupont.rest('POST', '/api/v1/messages/conversations', {
    conversation_type: 'group',
    title: `Classe de 4e B ${RUN}`,
    participant_ids: people.filter((person) => person !== dupont).map((person) => person.id),
  });
  const direct = { name: 'Marie Martin ↔ Prof. Dupont', members: [marie, dupont], items: [] };
  const classGroup = { name: 'class group of 30', id: group.conversation_id, members: people, items: [] };
  conversations.push(direct, classGroup);

  const post = (conversation, sender) => {
    const n = conversation.items.length;
    const clientId = `${RUN}-${conversation === direct ? 'd' : 'g'}-${n}`;
    const content = textOf(n);
    // The first one names the person; by the time of a resend the conversation may exist: both ways must find it.
    const target = conversation.id ? { conversation_id: conversation.id } : { recipient_id: dupont.id };
    const item = { n, clientId, content, sender, body: () => ({ ...target, content, client_message_id: clientId }) };
    conversation.items.push(item);
    return sender.send(item);
  };
  direct.id = (await post(direct, marie)).message.conversation_id;

  const talk = async (conversation, nextSender) => {
    const open = new Set();
    while (conversation.items.length < MESSAGES) {
      const done = post(conversation, nextSender(conversation.items.length));
      open.add(done);
      void done.then(
        () => open.delete(done),
        () => {},
      );
      if (open.size >= 6) await Promise.race(open);
      if (Math.random() < 0.3) await sleep(Math.random() * 8);
    }
    await Promise.all(open);
  };
  // The teacher writes every second message of the class, the others in turn.
  const talking = Promise.all([
    talk(direct, (n) => (n % 2 ? dupont : marie)),
    talk(classGroup, (n) => (n % 2 ? people[Math.floor(n / 2) % people.length] : dupont)),
  ]);
  const failed = (async () => {
    for (;;) {
      await kill.restarting;
      const current = service;
      await sleep(20);
      if (current && !current.ending && !current.isAlive()) throw new Error('the service ended by itself');
    }
  })();
  await Promise.race([talking, failed]);
  await kill.restarting;

  // Live events may trail the last acknowledgement by a moment; catching up after a restart, too.
  await Promise.all(people.map((person) => person.missed));
  await sleep(500);
  const reports = [await verify(direct, [marie, dupont]), await verify(classGroup, [marie, dupont])];
  const resent = conversations.flatMap(({ items }) => items).filter((item) => item.attempts > 1).length;
  if (KILLS) {
    console.log(
      `The service was killed ${kill.kills} times (SIGKILL) with ${kill.unanswered.join(', ')} sends unanswered and was ready ` +
        `again after ${kill.backAfterMs.join(', ')} ms; ${resent} messages were sent again with the same client_message_id.\n`,
    );
  }
  print(reports);
  const bad = reports.some(
    (r) => r.lost || r.doubled || r.outOfOrder || r.acknowledged !== r.sent || r.stored !== r.sent,
  );
  const damaged = reports.reduce((sum, r) => sum + r.damaged, 0);
  const missedKills = kill.kills !== KILLS;
  console.log(`French, Arabic and emoji texts that did not come back byte for byte: ${damaged}`);
  if (missedKills) console.log(`Only ${kill.kills} of ${KILLS} kills met an unanswered send.`);
  console.log(bad || damaged || missedKills ? '\nFAILED' : '\nOK: nothing lost, nothing doubled, one order.');
  return bad || damaged || missedKills ? 1 : 0;
}

let code = 1;
let watchdog;
try {
  const tooLong = new Promise((_, reject) => {
    watchdog = setTimeout(() => reject(new Error(`not finished after ${LIMIT_MS / 1000} s`)), LIMIT_MS);
  });
  code = await Promise.race([main(), tooLong]);
} catch (error) {
  console.error(`The demo failed: ${error.message}`);
  const output = service?.output();
  if (output) console.error(`Last output of the service:\n${output}`);
} finally {
  clearTimeout(watchdog);
  await cleanUp();
}
process.exit(code);
