import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppModule } from '../../src/app.module';
import { configureApp, createFastifyAdapter } from '../../src/app.setup';
import { Clock, SystemClock } from '../../src/common/clock';
import { AppConfig } from '../../src/config/app-config';
import { loadConfiguration } from '../../src/config/configuration';
import { StoreStatus } from '../../src/database/store-status';
import { Metrics } from '../../src/metrics/metrics';
import type { ErrorCode } from '../../src/contract/error-codes';
import type {
  ConversationPage,
  ConversationPayload,
  HistoryPage,
  MarkReadResult,
  MessagePayload,
} from '../../src/contract/payloads';
import { PresenceTimings } from '../../src/presence/presence-timings';
import { call } from './call';
import { startTestStore, type TestStore } from './store';
import { TEST_SECRET, type TestPerson } from './tokens';

export interface TestApp {
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly store: { readonly url: string; readonly database: string };
  /** One request as a person, or as nobody. The body comes back parsed. */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  stop(): Promise<void>;
}

export interface CallOptions {
  readonly as?: TestPerson | string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** Whatever a route may answer: tests say which of it they expect. */
export type AnswerBody = Partial<
  Omit<MessagePayload, 'status'> &
    ConversationPayload &
    HistoryPage &
    ConversationPage &
    Omit<MarkReadResult, 'read_at'>
> & {
  status?: string | number;
  error_code?: ErrorCode;
  errors?: { field: string; message: string }[];
} & { [field: string]: unknown };

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: AnswerBody;
  readonly text: string;
}

/**
 * The whole service on a real store and a free port.
 * @param clock the time of every module, for tests that move it
 * @param timings of presence, for tests that do not want to wait as long
 */
export async function startTestApp(
  env: Record<string, string> = {},
  clock: Clock = new SystemClock(),
  timings: Partial<PresenceTimings> = {},
): Promise<TestApp> {
  const store = givenStore(env) ?? (await startTestStore());
  const dir = await mkdtemp(join(tmpdir(), 'messaging-app-'));
  const config = loadConfiguration(
    {
      NODE_ENV: 'test',
      LOG_LEVEL: 'silent',
      SECRET_KEY: TEST_SECRET,
      MONGODB_URL: store.url,
      MONGODB_DATABASE: store.database,
      DATA_DIR: dir,
      RATE_LIMIT_MESSAGES_PER_MINUTE: '1000000',
      RATE_LIMIT_CONNECTIONS_PER_MINUTE: '1000000',
      ...env,
    },
    dir,
  );
  const module = await Test.createTestingModule({ imports: [AppModule] })
    .overrideProvider(AppConfig)
    .useValue(config)
    .overrideProvider(Clock)
    .useValue(clock)
    .overrideProvider(PresenceTimings)
    .useValue({ ...new PresenceTimings(), ...timings })
    .compile();
  // Where a test moves the clock, the store's moves along.
  if (!(clock instanceof SystemClock)) {
    jest
      .spyOn(module.get(StoreStatus, { strict: false }), 'time')
      .mockImplementation(() => Promise.resolve(clock.now()));
  }
  const adapter: FastifyAdapter = createFastifyAdapter(config);
  const app = module.createNestApplication<NestFastifyApplication>(adapter, { logger: false });
  await configureApp(app, config, app.get(Metrics, { strict: false }));
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    app,
    url,
    store,
    call: (method, path, options) => call(url, method, path, options),
    stop: async () => {
      await app.close();
      await store.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A store that several applications of a test share is stopped by the test. */
function givenStore({ MONGODB_URL: url, MONGODB_DATABASE: database }: Record<string, string>): TestStore | undefined {
  return url && database ? { url, database, stop: () => Promise.resolve() } : undefined;
}
