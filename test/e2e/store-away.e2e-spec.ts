import { setTimeout as delay } from 'node:timers/promises';
import { aParent, aTeacher, idOf } from '../support/people';
import { ask, connectAs } from '../support/socket-client';
import { startTestStore, type TestStore } from '../support/store';
import { StoreLink } from '../support/store-link';
import { startTestApp, type TestApp } from '../support/test-app';

describe('a store that is away', () => {
  let store: TestStore;
  let link: StoreLink;
  let service: TestApp;
  const [parent, teacher] = [aParent(), aTeacher()];
  beforeAll(async () => {
    store = await startTestStore();
    link = new StoreLink(store.url);
    service = await startTestApp({ MONGODB_URL: await link.reserve(), MONGODB_DATABASE: store.database });
  }, 60_000);
  afterAll(async () => {
    await link.mend();
    await service.stop();
    await link.close();
    await store.stop();
  });

  const status = async (path: string): Promise<number> => (await service.call('GET', path)).status;
  async function until(path: string, expected: number): Promise<void> {
    for (let tries = 0; tries < 150; tries += 1) {
      if ((await status(path)) === expected) return;
      await delay(100);
    }
    throw new Error(`${path} never answered ${expected}`);
  }

  it('does not stop the start: live, not ready, requests 503, and heals by itself', async () => {
    expect(await status('/health/live')).toBe(200);
    expect(await status('/health/ready')).toBe(503);
    const refused = await service.call('GET', '/api/v1/messages/conversations', { as: parent });
    expect([refused.status, refused.body.error_code]).toEqual([503, 'DATABASE_UNAVAILABLE']);
    await link.mend();
    await until('/health/ready', 200);
    for (const person of [parent, teacher]) {
      expect((await service.call('GET', '/api/v1/messages/conversations', { as: person })).status).toBe(200);
    }
  }, 30_000);

  it('going away later refuses sends by their code, keeps sockets, loses and doubles nothing', async () => {
    const socket = await connectAs(service.url, parent);
    const send = (key: string) =>
      ask(socket, 'message', { recipient_id: idOf(teacher), content: key, client_message_id: key });
    expect(await send('before')).toMatchObject({ ok: true, data: { seq: 1 } });
    link.cut();
    expect(await send('during').catch(() => 'no answer yet')).toMatchObject({
      ok: false,
      error: { error_code: 'DATABASE_UNAVAILABLE' },
    });
    expect(socket.connected).toBe(true);
    await link.mend();
    await until('/health/ready', 200);
    expect(await send('during')).toMatchObject({ ok: true, data: { seq: 2 } });
    expect(await send('before')).toMatchObject({ ok: true, data: { seq: 1 } });
    expect(await send('after')).toMatchObject({ ok: true, data: { seq: 3 } });
    socket.close();
  }, 60_000);
});
