import { tmpdir } from 'node:os';
import { loadConfiguration } from '../config/configuration';
import { StoreStatus } from '../database/store-status';
import { ConnectionCounter } from '../presence/connection-counter';
import { HealthService } from './health.service';

class FakeStore extends StoreStatus {
  readonly kind = 'embedded';

  constructor(
    private readonly ready: boolean,
    private readonly answer: () => Promise<number>,
  ) {
    super();
  }

  isReady = (): boolean => this.ready;
  ping = (): Promise<number> => this.answer();
}

class NoConnections extends ConnectionCounter {
  counts = () => ({ total_connections: 0, authenticated_connections: 0, users_online: 0 });
}

const config = loadConfiguration({ SECRET_KEY: 'k3'.repeat(20) }, tmpdir());
const health = (ready: boolean, answer: () => Promise<number>) =>
  new HealthService(config, new FakeStore(ready, answer), new NoConnections());

describe('HealthService', () => {
  it.each([
    ['answers', true, () => Promise.resolve(3), 'healthy', true],
    ['answers slowly', true, () => Promise.resolve(700), 'degraded', true],
    ['fails', true, () => Promise.reject(new Error('x')), 'unhealthy', false],
    ['hangs', true, () => new Promise<number>(() => undefined), 'unhealthy', false],
    ['is not connected', false, () => Promise.resolve(3), 'unhealthy', false],
  ])('a store that %s', async (_name, ready, answer, status, connected) => {
    const report = await health(ready, answer).report();
    expect(report).toMatchObject({
      status,
      checks: { database: { status, details: { store: 'embedded', connected } } },
    });
  });
});
