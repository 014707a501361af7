const CONNECTIONS = 50;
const CONVERSATIONS = 200;

/** Asks `child` for one result and says who failed. */
async function resultOf(child, scenario, name, { firstMessage, limitMs }) {
  child.send(scenario);
  const { result, error } = await firstMessage(child, name, limitMs);
  if (error) throw new Error(`${name}: ${error}`);
  return { name, ...result };
}

async function openConversations(url, users, pairs) {
  const conversations = [];
  for (const [from, to] of pairs) {
    const answer = await fetch(`${url}/api/v1/messages/conversations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${users[from].token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ participant_ids: [users[to].id], conversation_type: 'direct' }),
      signal: AbortSignal.timeout(20_000),
    });
    if (!answer.ok) throw new Error(`a conversation was refused: ${answer.status} ${await answer.text()}`);
    conversations.push({ id: (await answer.json()).conversation_id, members: [from, to] });
  }
  return conversations;
}

/** Everybody calls once, so that the directory knows them. */
async function meet(url, users) {
  for (const { token } of users) {
    await fetch(`${url}/api/v1/messages/conversations?limit=1`, { headers: { authorization: `Bearer ${token}` } });
  }
}

/**
 * REST beside its limits, in one run: a send beside a bare Nest + Fastify POST with validation, a history page of 50
 * beside the driver's own page from the same kind of store.
 * @returns four rows: bare POST, send, bare page, history page
 */
export async function measureRest({
  forkFile,
  firstMessage,
  startService,
  school,
  folder,
  seconds,
  warmUp,
  bytes,
  run,
}) {
  const tools = { firstMessage, limitMs: (seconds + warmUp + 90) * 1000 };
  const users = school(300_000, CONVERSATIONS * 2);
  const pairs = Array.from({ length: CONVERSATIONS }, (_, i) => [i * 2, i * 2 + 1]);
  const load = (scenario, name) => {
    const common = { users, connections: CONNECTIONS, seconds, warmUp, bytes, run };
    return resultOf(forkFile('http-client.mjs'), { ...common, ...scenario }, name, tools);
  };
  const bare = forkFile('bare-nest.mjs');
  const { port } = await firstMessage(bare, 'bare Nest', 10_000);
  const anywhere = pairs.map((members) => ({ id: '6f1f3c8e-6f1e-4a62-9d5e-1f1f3c8e6f1e', members }));
  const post = { url: `http://127.0.0.1:${port}`, pid: bare.pid, kind: 'send', conversations: anywhere };
  const rows = [await load(post, '(4) bare Nest + Fastify POST with validation')];
  bare.kill('SIGKILL');

  const service = await startService('rest');
  try {
    await meet(service.url, users);
    const conversations = await openConversations(service.url, users, pairs);
    const target = { url: service.url, pid: service.pid, conversations };
    rows.push(await load({ ...target, kind: 'send' }, '(5) service, REST send'));
    const page = {
      folder,
      conversations: CONVERSATIONS,
      messages: 200,
      concurrency: CONNECTIONS,
      seconds,
      warmUp,
      bytes,
    };
    rows.push(await resultOf(forkFile('bare-page.mjs'), page, '(6) bare driver, page of 50', tools));
    rows.push(await load({ ...target, kind: 'page' }, '(7) service, history page of 50'));
  } finally {
    await service.stop();
  }
  return rows;
}

/** @returns the rows as text, with the two ratios that count */
export function restTable(rows) {
  const number = (value, digits = 0) => (Number.isFinite(value) ? value.toFixed(digits) : 'n/a');
  const lines = rows.map(
    ({ name, perSecond, ms, serverCpuMicros, refused }) =>
      `${name.padEnd(46)}${number(perSecond).padStart(8)}/s  ` +
      `${(ms ? `${number(ms.p50, 1)} / ${number(ms.p99, 1)}` : '-').padStart(13)} ms  ` +
      `${number(serverCpuMicros, 1).padStart(8)} µs CPU${refused ? `  ${refused} refused` : ''}`,
  );
  const [bare, send, driver, page] = rows;
  const ratio = (own, limit) => (own.perSecond / limit.perSecond).toFixed(2);
  lines.push(`(5) to (4): ${ratio(send, bare)}   (7) to (6): ${ratio(page, driver)}`);
  return lines.join('\n');
}
