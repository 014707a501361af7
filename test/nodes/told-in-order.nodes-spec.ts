import { MembershipsRepository } from '../../src/conversations/memberships.repository';
import { eventually } from '../support/eventually';
import { Gate } from '../support/gate';
import { hearing, type Heard } from '../support/heard';
import { aParent, aStudent, aTeacher, idOf } from '../support/people';
import { RedisServer } from '../support/redis-server';
import { School } from '../support/school';
import { connectAs, type TestSocket } from '../support/socket-client';
import { startTestApp, type TestApp } from '../support/test-app';
import type { TestPerson } from '../support/tokens';

/** Not presence, and not the call to sync of a node that has just begun. */
const isOfConversation = ([event]: readonly unknown[]): boolean => String(event).startsWith('conversation_');

describe('a node among several', () => {
  let redis: RedisServer;
  let node: TestApp;
  let gate: Gate;
  const sockets: TestSocket[] = [];
  beforeAll(async () => {
    redis = await RedisServer.start();
    node = await startTestApp({ REDIS_URL: redis.url });
  });
  beforeEach(() => {
    gate = new Gate();
  });
  afterEach(() => {
    gate.open();
    for (const socket of sockets.splice(0)) socket.close();
  });
  afterAll(async () => {
    await node.stop();
    await redis.stop();
  });

  const enter = async (person: TestPerson): Promise<Heard[]> => {
    const socket = await connectAs(node.url, person);
    sockets.push(socket);
    return hearing(socket);
  };

  it('tells those who stay of a removal after the view that still counts the person in, and the person at once', async () => {
    const [teacher, parent, pupil] = [aTeacher(), aParent(), aStudent()];
    const school = new School(node);
    const [stays, leaves] = [await enter(parent), await enter(pupil)];
    const isTold = (heard: Heard[], name: string) => heard.some(({ event }) => event === name);
    const id = await school.group([teacher, parent, pupil]);
    await eventually('nothing is left to tell of the new group', () =>
      [stays, leaves].every((heard) => isTold(heard, 'conversation_created')),
    );
    const memberships = node.app.get(MembershipsRepository, { strict: false });
    const findIn = memberships.findIn.bind(memberships);
    let reads = 0;
    jest.spyOn(memberships, 'findIn').mockImplementation(async (...of) => {
      const found = await findIn(...of);
      reads += 1;
      // The first one belongs to the change; the next are the answer and the telling.
      if (reads > 1) await gate.pass();
      return found;
    });
    const renaming = school.patch(teacher, id, { title: 'Classe de neige' });
    await eventually('the change is answered and told', () => gate.reached === 2);
    expect((await school.remove(teacher, id, pupil)).status).toBeLessThan(300);
    await eventually('the person who left has heard of it', () => isTold(leaves, 'conversation_left'));
    gate.open();
    await renaming;
    await eventually('those who stay have heard of both', () =>
      ['conversation_updated', 'conversation_left'].every((name) => isTold(stays, name)),
    );
    const told = stays.map(({ event, data }) => [event, data.participants?.includes(idOf(pupil)) ?? data.user_id]);
    expect(told.filter(isOfConversation)).toEqual([
      ['conversation_created', true],
      ['conversation_updated', true],
      ['conversation_left', idOf(pupil)],
    ]);
    expect(leaves.map(({ event }) => [event]).filter(isOfConversation)).toEqual([
      ['conversation_created'],
      ['conversation_left'],
    ]);
  });
});
