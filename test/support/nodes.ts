import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { call } from './call';
import { Child } from './child';
import { freePort, RedisServer } from './redis-server';
import { startTestStore } from './store';
import type { Answer, CallOptions } from './test-app';
import { TEST_SECRET } from './tokens';

const ROOT = join(__dirname, '..', '..');
const MAIN = join(ROOT, 'dist', 'main.js');
const STORE = join(ROOT, 'packages', 'embedded-mongo', 'dist', 'cli.js');

/** A store that several processes share: the engine of MONGODB_TEST_URL, else the embedded one in a process of its own. */
interface SharedStore {
  readonly url: string;
  readonly database: string;
  stop(): Promise<void>;
}

async function startSharedStore(dir: string): Promise<SharedStore> {
  if (process.env['MONGODB_TEST_URL']) return startTestStore();
  const socket = join(dir, 's.sock');
  const args = [STORE, '--dir', join(dir, 'store'), '--socket', socket];
  const child = await Child.start(args, {}, (output) => output.includes('ready '));
  const url = /ready (?<url>\S+)/.exec(child.output)?.groups?.['url'] ?? '';
  return { url, database: 'nodes', stop: () => child.kill() };
}

/** The built service as a process of its own. */
export class ServiceNode {
  private constructor(
    readonly url: string,
    readonly process: Child,
  ) {}

  static async start(env: Record<string, string>): Promise<ServiceNode> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const isReady = (): Promise<boolean> =>
      fetch(`${url}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    const own = { SERVICE_PORT: String(port), HOST: '127.0.0.1' };
    return new ServiceNode(url, await Child.start([MAIN], { ...env, ...own }, isReady));
  }

  call(method: string, path: string, options?: CallOptions): Promise<Answer> {
    return call(this.url, method, path, options);
  }

  /** @returns `healthy`, `degraded` or `unhealthy` */
  async health(): Promise<unknown> {
    return (await this.call('GET', '/health')).body.status;
  }
}

/** Service processes on one store and one Redis. */
export class Cluster {
  readonly nodes: ServiceNode[] = [];

  private constructor(
    readonly redis: RedisServer,
    readonly store: SharedStore,
    private readonly dir: string,
    private readonly env: Record<string, string>,
  ) {}

  static async start(size: number, env: Record<string, string> = {}): Promise<Cluster> {
    const dir = await mkdtemp(join(tmpdir(), 'messaging-nodes-'));
    const [redis, store] = await Promise.all([RedisServer.start(), startSharedStore(dir)]);
    const cluster = new Cluster(redis, store, dir, {
      NODE_ENV: 'test',
      LOG_LEVEL: 'warn',
      SECRET_KEY: TEST_SECRET,
      MONGODB_URL: store.url,
      MONGODB_DATABASE: store.database,
      REDIS_URL: redis.url,
      DATA_DIR: join(dir, 'data'),
      RATE_LIMIT_MESSAGES_PER_MINUTE: '1000000',
      RATE_LIMIT_CONNECTIONS_PER_MINUTE: '1000000',
      RATE_LIMIT_EVENTS_PER_SECOND: '1000000',
      ...env,
    });
    while (cluster.nodes.length < size) await cluster.add();
    return cluster;
  }

  /** @param env what is this node's own */
  async add(env: Record<string, string> = {}): Promise<ServiceNode> {
    const node = await ServiceNode.start({ ...this.env, ...env });
    this.nodes.push(node);
    return node;
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map(({ process }) => process.kill()));
    await this.redis.stop();
    await this.store.stop();
    await rm(this.dir, { recursive: true, force: true });
  }
}
