import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import type { OwnStatistics, ServiceStatistics } from '../../src/contract/payloads';
import { MessageRoller } from '../../src/statistics/message-roller';
import { eventually } from '../support/eventually';
import { aParent, anAdmin, aTeacher, idOf } from '../support/people';
import { connectAs } from '../support/socket-client';
import { startTestStore } from '../support/store';
import { startTestApp, type Answer, type TestApp } from '../support/test-app';
import { DAY_MS, MINUTE_MS, TestClock } from '../support/test-clock';
import { tokenFor, type TestPerson } from '../support/tokens';

const HOUR_MS = 60 * MINUTE_MS;
const MESSAGES = '/api/v1/messages';
/** A Sunday, the last of its month: in the two days from here a day, a week and a month begin in every zone. */
const SUNDAY = Date.parse('2026-05-31T00:00:00Z');

/** Seconds; beyond every moment of these tests. */
const LATER = Date.parse('2100-01-01T00:00:00Z') / 1000;

/** What the test knows of a message, from the answer to its sender. */
interface Sent {
  readonly conversation: string;
  readonly seq: number;
  readonly sender: string;
  readonly at: number;
}

/** Numbers that look like chance and are the same in every run. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

jest.setTimeout(120_000);

describe.each([
  ['Pacific/Auckland', 7],
  ['America/St_Johns', 11],
])('statistics where DEFAULT_TIMEZONE is %s', (timeZone, seed) => {
  const clock = new TestClock();
  const [teacher, parent, other, away, admin] = [aTeacher(), aParent(), aParent(), aParent(), anAdmin()];
  const everybody = [teacher, parent, other, away, admin];
  const random = chance(seed);
  const log: Sent[] = [];
  /** Where each person came into each conversation last; nobody else is in it. */
  const cameIn = new Map<string, Map<string, number>>();
  const activity: { person: string; at: number }[] = [];
  let service: TestApp;
  let roller: MessageRoller;
  let conversations: string[];

  const call = (person: TestPerson, method: string, path: string, body?: unknown): Promise<Answer> =>
    service.call(method, path, {
      as: tokenFor(person, { exp: LATER }),
      ...(body === undefined ? {} : { body }),
    });
  const headOf = (conversation: string): number => log.filter((sent) => sent.conversation === conversation).length;
  const collection = (name: string) =>
    service.app.get<Connection>(getConnectionToken(), { strict: false }).collection(name);

  async function open(as: TestPerson, members: readonly TestPerson[], body: Record<string, unknown>): Promise<string> {
    const participant_ids = members.filter((member) => member !== as).map(idOf);
    const answer = await call(as, 'POST', `${MESSAGES}/conversations`, { participant_ids, ...body });
    const id = answer.body.conversation_id ?? '';
    cameIn.set(id, new Map(members.map((member) => [idOf(member), 0])));
    return id;
  }

  async function send(from: TestPerson, conversation: string): Promise<void> {
    const { status, body } = await call(from, 'POST', `${MESSAGES}/send`, {
      conversation_id: conversation,
      content: 'Bonjour',
    });
    expect(status).toBe(201);
    const at = Date.parse(body.created_at ?? '');
    log.push({ conversation, seq: body.seq ?? 0, sender: idOf(from), at });
    activity.push({ person: idOf(from), at });
  }

  async function sendSomewhere(): Promise<void> {
    const conversation = conversations[random(conversations.length)] ?? '';
    const members = everybody.filter((person) => cameIn.get(conversation)?.has(idOf(person)) && person !== away);
    await send(members[random(members.length)] ?? teacher, conversation);
  }

  beforeAll(async () => {
    clock.moveTo(SUNDAY - 40 * DAY_MS);
    service = await startTestApp({ DEFAULT_TIMEZONE: timeZone }, clock);
    roller = service.app.get(MessageRoller, { strict: false });
    for (const person of everybody) {
      await call(person, 'GET', `${MESSAGES}/conversations`);
      activity.push({ person: idOf(person), at: clock.now() });
    }
    const group = { conversation_type: 'group', title: 'Classe' };
    conversations = [
      await open(teacher, [teacher, parent], { conversation_type: 'direct' }),
      await open(teacher, [teacher, parent, other, away], group),
      await open(admin, [admin, teacher, other], group),
    ];
  });
  afterAll(() => service.stop());

  /** By the letters of the calendar, never by the service's own arithmetic. */
  const dayOf = (at: number): string => new Date(at).toLocaleDateString('sv-SE', { timeZone });
  const ordinal = (day: string): number => Date.parse(day) / DAY_MS;
  const weekOf = (at: number): number => Math.floor((ordinal(dayOf(at)) + 3) / 7); // 1970-01-01 was a Thursday
  const daysAgo = (at: number): number => ordinal(dayOf(clock.now())) - ordinal(dayOf(at));

  function repliesSince(from: number): number[] {
    return log.flatMap(({ conversation, seq, sender, at }) => {
      const before = log.find((sent) => sent.conversation === conversation && sent.seq === seq - 1);
      return before && before.sender !== sender && at >= from ? (at - before.at) / 1000 : [];
    });
  }

  function expectedService(): { reply: number; perMinute: number; usage: object } {
    const now = clock.now();
    const minute = Math.floor(now / MINUTE_MS) * MINUTE_MS;
    const count = (counts: (sent: Sent) => boolean): number => log.filter(counts).length;
    const replies = repliesSince(minute - 30 * DAY_MS);
    const lastHour = count(({ at }) => at >= minute - HOUR_MS + MINUTE_MS);
    const active = (days: number): number =>
      new Set(activity.filter(({ at }) => daysAgo(at) < days).map(({ person }) => person)).size;
    return {
      reply: replies.length === 0 ? 0 : Math.round((100 * replies.reduce((a, b) => a + b)) / replies.length) / 100,
      perMinute: Math.round((100 * lastHour) / 60) / 100,
      usage: {
        total_messages: log.length,
        total_messages_today: count(({ at }) => dayOf(at) === dayOf(now)),
        total_messages_this_week: count(({ at }) => weekOf(at) === weekOf(now)),
        total_messages_this_month: count(({ at }) => dayOf(at).slice(0, 7) === dayOf(now).slice(0, 7)),
        daily_active_users: active(1),
        weekly_active_users: active(7),
        monthly_active_users: active(30),
      },
    };
  }

  const read = async (): Promise<ServiceStatistics> => {
    const { status, body } = await call(admin, 'GET', '/admin/stats');
    expect(status).toBe(200);
    return body as unknown as ServiceStatistics;
  };
  const own = async (person: TestPerson): Promise<OwnStatistics> =>
    (await call(person, 'GET', `${MESSAGES}/stats`)).body as unknown as OwnStatistics;

  async function expectService(): Promise<void> {
    await send(admin, conversations[2] ?? ''); // who asks is active, whether or not the question alone is noticed
    const { performance, usage } = await read();
    const { average_reply_seconds: reply, messages_per_minute: perMinute } = performance;
    const { reply: expectedReply, ...expected } = expectedService();
    expect({ perMinute, usage }).toEqual(expected);
    // Both are rounded to hundredths, after sums in another order.
    expect(Math.abs(reply - expectedReply)).toBeLessThan(0.015);
  }

  function expectedOwn(person: string): Partial<OwnStatistics> {
    const mine = [...cameIn].flatMap(([conversation, members]) => {
      const since = members.get(person);
      return since === undefined ? [] : { since, sent: log.filter((sent) => sent.conversation === conversation) };
    });
    const isRecent = ({ at }: Sent): boolean => at >= clock.now() - 30 * DAY_MS;
    const listed = mine.filter(({ sent }) => sent.length > 0);
    return {
      total_conversations: listed.length,
      active_conversations: listed.filter(({ sent }) => sent.some(isRecent)).length,
      total_messages_sent: log.filter(({ sender }) => sender === person).length,
      total_messages_received: mine.flatMap(({ since, sent }) =>
        sent.filter(({ seq, sender }) => seq > since && sender !== person),
      ).length,
    };
  }

  async function expectOwn(): Promise<void> {
    for (const person of everybody) {
      const { body } = await call(person, 'GET', `${MESSAGES}/conversations?archived=all&limit=50`);
      const unread_messages = (body.conversations ?? []).reduce((sum, { unread_count }) => sum + unread_count, 0);
      expect({ person, ...(await own(person)) }).toEqual({ person, ...expectedOwn(idOf(person)), unread_messages });
    }
  }

  it('are zeros before the first message', async () => {
    const { performance, usage, busiest_conversations } = await read();
    expect(performance).toMatchObject({ average_reply_seconds: 0, messages_per_minute: 0, peak_concurrent_users: 0 });
    expect(usage).toMatchObject({ total_messages: 0, total_messages_this_month: 0 });
    expect(busiest_conversations).toEqual([]);
  });

  it('agree with a count by hand at any moment of two days, whatever has been counted until then', async () => {
    await send(away, conversations[1] ?? '');
    await send(parent, conversations[0] ?? '');
    clock.moveTo(SUNDAY - 20 * DAY_MS);
    await send(teacher, conversations[0] ?? '');
    await expectService();
    clock.moveTo(SUNDAY);
    while (clock.now() < SUNDAY + 2 * DAY_MS) {
      clock.advance([1_000, 20_000, 40_000, 5 * MINUTE_MS, 50 * MINUTE_MS, 3 * HOUR_MS][random(6)] ?? 0);
      await sendSomewhere();
      if (random(4) === 0) await roller.run();
      if (random(4) === 0) await expectService();
    }
    await expectService();
    await expectOwn();
  });

  it('count on from where a person came in again', async () => {
    const group = conversations[1] ?? '';
    await call(teacher, 'DELETE', `${MESSAGES}/conversations/${group}/participants/${idOf(other)}`);
    cameIn.get(group)?.delete(idOf(other));
    await send(parent, group);
    await expectOwn();
    await call(teacher, 'POST', `${MESSAGES}/conversations/${group}/participants`, { user_ids: [idOf(other)] });
    cameIn.get(group)?.set(idOf(other), headOf(group));
    await expectOwn();
    await send(other, group);
    await send(parent, group);
    await expectOwn();
    clock.advance(5 * MINUTE_MS);
    await roller.run();
    await expectOwn();
  });

  /** Without the people: whoever asks may be active by it. */
  const messagesIn = ({ usage }: ServiceStatistics): unknown =>
    Object.entries(usage).filter(([name]) => name.startsWith('total_'));

  it('count nothing twice when a run was cut short between people and minutes', async () => {
    const before = await read();
    const cut = { _id: { $gte: new Date(SUNDAY + DAY_MS) as never } };
    expect((await collection('stats_minutes').deleteMany(cut)).deletedCount).toBeGreaterThan(0);
    await expectOwn();
    await roller.run();
    await expectOwn();
    const after = await read();
    expect(messagesIn(after)).toEqual(messagesIn(before));
    expect(after.performance.average_reply_seconds).toBe(before.performance.average_reply_seconds);
  });

  it('keep what was deleted in their counts, but not among the unread', async () => {
    await send(parent, conversations[0] ?? '');
    const { body } = await call(parent, 'GET', `${MESSAGES}/history/${conversations[0]}?limit=1`);
    const before = await own(teacher);
    await call(parent, 'DELETE', `${MESSAGES}/${body.messages?.[0]?.message_id}`);
    expect(await own(teacher)).toEqual({ ...before, unread_messages: before.unread_messages - 1 });
  });

  it('name the busiest conversations, busiest first', async () => {
    const expected = conversations.map((id) => ({ conversation_id: id, messages: headOf(id) }));
    const known = async (): Promise<number> =>
      (await read()).busiest_conversations.reduce((sum, { messages }) => sum + messages, 0);
    await eventually('the summaries are settled', async () => (await known()) === log.length);
    const { busiest_conversations: busiest } = await read();
    expect(busiest).toEqual(expect.arrayContaining(expected));
    expect(busiest.map(({ messages }) => messages)).toEqual(expected.map((one) => one.messages).sort((a, b) => b - a));
  });

  it('tell the response time of the service and what sockets and store do', async () => {
    const { performance, database, websocket, timestamp } = await read();
    expect(performance.average_response_time_ms).toBeGreaterThan(0);
    expect(database).toMatchObject({ connected: true, latency_ms: expect.any(Number) as number });
    expect(websocket).toEqual((await call(admin, 'GET', `${MESSAGES}/websocket/stats`)).body);
    expect(Math.abs(Date.parse(timestamp) - clock.now())).toBeLessThan(10 * MINUTE_MS);
  });

  it('of the service are for administrators', async () => {
    expect((await call(teacher, 'GET', '/admin/stats')).status).toBe(403);
    expect((await service.call('GET', '/admin/stats')).status).toBe(401);
  });
});

describe('the peak of people online', () => {
  it('counts people, not connections, and survives departures and a restart', async () => {
    const store = await startTestStore();
    const env = { MONGODB_URL: store.url, MONGODB_DATABASE: store.database };
    const [admin, parent] = [anAdmin(), aParent()];
    const peakOf = async (service: TestApp): Promise<number> => {
      const { body } = await service.call('GET', '/admin/stats', { as: admin });
      return (body as unknown as ServiceStatistics).performance.peak_concurrent_users;
    };
    const first = await startTestApp(env);
    const sockets = [];
    for (const person of [parent, parent, admin]) sockets.push(await connectAs(first.url, person));
    expect(await peakOf(first)).toBe(2);
    for (const socket of sockets) socket.close();
    expect(await peakOf(first)).toBe(2);
    await first.stop();
    const second = await startTestApp(env);
    (await connectAs(second.url, parent)).close();
    expect(await peakOf(second)).toBe(2);
    await second.stop();
    await store.stop();
  });
});
