import { setTimeout as delay } from 'node:timers/promises';
import { MessagesRepository } from '../../src/message-store/messages.repository';
import { eventually } from '../support/eventually';
import { aParent, aTeacher } from '../support/people';
import { RedisServer } from '../support/redis-server';
import { School } from '../support/school';
import { startTestStore, type TestStore } from '../support/store';
import { startTestApp, type TestApp } from '../support/test-app';

const WRITERS = 6;
/** By how much one node is slower to learn where the conversation stands than the other is to write to it. */
const SLOWER_MS = 50;

describe('two nodes that write to one conversation', () => {
  let redis: RedisServer;
  let store: TestStore;
  let slow: TestApp;
  let busy: TestApp;
  beforeAll(async () => {
    [redis, store] = await Promise.all([RedisServer.start(), startTestStore()]);
    const env = { MONGODB_URL: store.url, MONGODB_DATABASE: store.database, REDIS_URL: redis.url };
    [slow, busy] = [await startTestApp(env), await startTestApp(env)];
    const messages = slow.app.get(MessagesRepository, { strict: false });
    const top = messages.top.bind(messages);
    jest.spyOn(messages, 'top').mockImplementation(async (id) => {
      const found = await top(id);
      await delay(SLOWER_MS);
      return found;
    });
  });
  afterAll(async () => {
    for (const node of [slow, busy]) await node.stop();
    await redis.stop();
    await store.stop();
  });

  it('both have their turn, although one of them wins every race and writes without a pause', async () => {
    const [teacher, parent] = [aTeacher(), aParent()];
    const [atSlow, atBusy] = [new School(slow), new School(busy)];
    const id = await atBusy.group([teacher, parent]);
    let written = 0;
    let isWriting = true;
    const writers = Array.from({ length: WRITERS }, async () => {
      while (isWriting) {
        if ((await atBusy.send(teacher, id)).status === 201) written += 1;
      }
    });
    try {
      await eventually('one writes', () => written > 10 * WRITERS);
      for (let n = 0; n < 5; n += 1) expect((await atSlow.send(parent, id)).status).toBe(201);
      const then = written;
      await eventually('it goes on', () => written > then + 10 * WRITERS);
    } finally {
      isWriting = false;
      await Promise.all(writers);
    }
  });
});
