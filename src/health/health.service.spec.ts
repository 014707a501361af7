import { tmpdir } from 'node:os';
import { loadConfiguration } from '../config/configuration';
import { StoreStatus } from '../database/store-status';
import { ConnectionCounter } from '../presence/connection-counter';
import { LiveActivity } from '../presence/live-activity';
import { RedisStatus } from '../redis/redis-status';
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
  time = (): Promise<number> => Promise.resolve(Date.now());
}

class NoConnections extends ConnectionCounter {
  counts = () => ({ total_connections: 0, authenticated_connections: 0, users_online: 0 });
  peakOnline = () => 0;
}

class FakeRedis extends RedisStatus {
  constructor(
    readonly configured: boolean,
    private readonly answer: () => Promise<number>,
  ) {
    super();
  }

  isReady = (): boolean => true;
  ping = (): Promise<number> => this.answer();
  time = (): Promise<number> => Promise.resolve(Date.now());
}

const config = loadConfiguration({ SECRET_KEY: 'k3'.repeat(20) }, tmpdir());
const noRedis = new FakeRedis(false, () => Promise.reject(new Error('x')));
const health = (ready: boolean, answer: () => Promise<number>, redis: RedisStatus = noRedis) =>
  new HealthService(config, new FakeStore(ready, answer), new NoConnections(), redis, new LiveActivity());

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

  it('says nothing of a Redis that is not configured', async () => {
    const report = await health(true, () => Promise.resolve(3)).report();
    expect(report.checks).not.toHaveProperty('redis');
  });

  it.each([
    ['answers', true, () => Promise.resolve(3), 'healthy', 'healthy'],
    ['fails', true, () => Promise.reject(new Error('x')), 'degraded', 'degraded'],
    ['hangs', true, () => new Promise<number>(() => undefined), 'degraded', 'degraded'],
    ['fails while the store is away too', false, () => Promise.reject(new Error('x')), 'degraded', 'unhealthy'],
  ])('a Redis that %s', async (_name, storeReady, answer, redisStatus, status) => {
    const report = await health(storeReady, () => Promise.resolve(3), new FakeRedis(true, answer)).report();
    expect(report).toMatchObject({ status, checks: { redis: { status: redisStatus } } });
  });
});
