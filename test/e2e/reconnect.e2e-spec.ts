import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { eventually } from '../support/eventually';
import { aParent, aTeacher, idOf } from '../support/people';
import { School } from '../support/school';
import { ask, connectAs, type TestSocket } from '../support/socket-client';
import { startTestApp, type TestApp } from '../support/test-app';
import type { TestPerson } from '../support/tokens';

const PRESENCE = ['user_online', 'user_offline', 'user_status_change'] as const;
const GRACE_MS = 2_000;
const CLASS = 100;

describe('a whole group that loses its connections and is back in time', () => {
  let service: TestApp;
  let school: School;
  beforeAll(async () => {
    service = await startTestApp({ RATE_LIMIT_EVENTS_PER_SECOND: '1000000' }, undefined, { graceMs: GRACE_MS });
    school = new School(service);
  }, 60_000);
  afterAll(() => service.stop());

  const enter = (people: readonly TestPerson[]): Promise<TestSocket[]> =>
    Promise.all(people.map((person) => connectAs(service.url, person)));

  it('is told of to nobody, and costs the store as much per person as one person alone', async () => {
    const teacher = aTeacher();
    const people = Array.from({ length: CLASS - 1 }, aParent);
    await school.meet(teacher, ...people);
    const conversationId = await school.group([teacher, ...people]);
    const [witness] = await enter([teacher]);
    const before = await enter(people);
    const cursors = await Promise.all(before.map((socket) => ask(socket, 'sync', {})));
    await school.send(teacher, conversationId, 'bonjour');
    // Their first coming is told before anything is counted.
    await new Promise((resolve) => setTimeout(resolve, GRACE_MS / 2));

    const heard: string[] = [];
    const watch = (socket?: TestSocket): void => {
      for (const event of PRESENCE) socket?.on(event, ({ user_id }) => heard.push(`${event} ${user_id}`));
    };
    watch(witness);
    const store = service.app.get<Connection>(getConnectionToken(), { strict: false });
    let operations = 0;
    store.set('debug', () => (operations += 1));
    const comeBack = async (some: readonly TestPerson[], from: number): Promise<TestSocket[]> => {
      before.slice(from, from + some.length).forEach((socket) => socket.close());
      const sockets = await enter(some);
      sockets.forEach(watch);
      const answers = await Promise.all(
        sockets.map((socket, i) => {
          const known = cursors[from + i];
          return ask(socket, 'sync', { since: known?.ok ? String(known.data['cursor']) : '' });
        }),
      );
      const missed = expect.arrayContaining([expect.objectContaining({ type: 'message_received' })]) as object;
      for (const answer of answers) expect(answer).toMatchObject({ ok: true, data: { events: missed } });
      return sockets;
    };

    const alone = await comeBack(people.slice(0, 1), 0);
    const ofOne = operations;
    operations = 0;
    const all = await comeBack(people.slice(1), 1);
    expect(operations).toBeLessThanOrEqual(ofOne * (people.length - 1));
    store.set('debug', false);

    // When their time to return is over everybody hears of the one who left after it, and of nobody else.
    alone[0]?.close();
    await eventually('somebody is gone', () => heard.length >= CLASS - 1);
    expect(new Set(heard)).toEqual(new Set([`user_offline ${idOf(people[0] ?? teacher)}`]));
    for (const socket of [witness, ...all]) socket?.close();
  }, 60_000);
});
