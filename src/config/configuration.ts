import { Logger } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { parse } from 'dotenv';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { AppConfig } from './app-config';
import { EnvironmentVariables } from './env.validation';
import { generatedKey, productionKeyProblem, toKeyObject } from './secret-key';

export type Environment = Readonly<Record<string, string | undefined>>;

const CLOCK_LEEWAY_SECONDS = 5;
const AUTHENTICATION_TIMEOUT_MS = 10_000;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Where it is not set: who may send many messages may change many, and who may send few can still take them back. */
const LEAST_CHANGES_PER_MINUTE = 30;
const DEFAULT_VERSION = '0.1.0';

/** The start is refused: every wrong setting with its rule, never the value of one. */
export class ConfigurationError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`the configuration is wrong:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigurationError';
  }
}

/** The names that are settings of ours; the rest of the environment is none of our business. */
const WITHOUT_DEFAULT = {
  MONGODB_URL: '',
  REDIS_URL: '',
  SECRET_KEY: '',
  DIRECTORY_SYNC_TOKEN: '',
  METRICS_TOKEN: '',
  RATE_LIMIT_CHANGES_PER_MINUTE: '',
};
const SETTINGS: readonly string[] = Object.keys({ ...new EnvironmentVariables(), ...WITHOUT_DEFAULT });

function readDotenv(cwd: string): Environment {
  const file = join(cwd, '.env');
  return existsSync(file) ? parse(readFileSync(file)) : {};
}

/** Settings that are present and not empty; the environment wins over `.env`, also with an empty value. */
function pickSettings(env: Environment, cwd: string): Record<string, string> {
  const merged: Environment = { ...readDotenv(cwd), ...env };
  return Object.fromEntries(
    SETTINGS.flatMap((name) => {
      const value = merged[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
}

/** Rules that look at more than one setting. */
function crossProblems(variables: EnvironmentVariables): string[] {
  const tokenMissing = variables.DIRECTORY_SYNC_MINUTES > 0 && variables.DIRECTORY_SYNC_TOKEN === undefined;
  return [
    ...(tokenMissing ? ['DIRECTORY_SYNC_TOKEN must be set when DIRECTORY_SYNC_MINUTES is above 0'] : []),
    ...productionProblems(variables),
  ];
}

function productionProblems(variables: EnvironmentVariables): string[] {
  if (variables.NODE_ENV !== 'production') return [];
  const key = productionKeyProblem(variables.SECRET_KEY);
  return [
    ...(key ? [`SECRET_KEY ${key}`] : []),
    ...(variables.DEBUG === true ? ['DEBUG must not be true in production'] : []),
    ...(variables.CORS_ORIGINS.includes('*') ? ['CORS_ORIGINS must not be * in production'] : []),
  ];
}

function readVersion(): string {
  const file = join(__dirname, '..', '..', 'package.json');
  if (!existsSync(file)) return DEFAULT_VERSION;
  const content = JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown };
  return typeof content.version === 'string' ? content.version : DEFAULT_VERSION;
}

function signingKey(variables: EnvironmentVariables, dataDir: string): AppConfig['auth']['key'] {
  if (variables.SECRET_KEY !== undefined) return toKeyObject(variables.SECRET_KEY);
  const { key, created } = generatedKey(dataDir);
  const logger = new Logger('Configuration');
  const where = 'secret.key in DATA_DIR';
  logger.warn(
    created
      ? `SECRET_KEY is not set: a key was generated once into ${where}`
      : `SECRET_KEY is not set: using the key generated earlier into ${where}`,
  );
  return toKeyObject(key);
}

function directorySync({ DIRECTORY_SYNC_MINUTES, DIRECTORY_SYNC_TOKEN }: EnvironmentVariables) {
  if (DIRECTORY_SYNC_MINUTES === 0 || DIRECTORY_SYNC_TOKEN === undefined) return {};
  return { directorySync: { everyMs: DIRECTORY_SYNC_MINUTES * 60_000, token: DIRECTORY_SYNC_TOKEN } };
}

function toAppConfig(variables: EnvironmentVariables, cwd: string): AppConfig {
  const dataDir = resolve(cwd, variables.DATA_DIR);
  return {
    environment: variables.NODE_ENV,
    service: { port: variables.SERVICE_PORT, host: variables.HOST, version: readVersion() },
    logLevel: variables.DEBUG ? 'debug' : variables.LOG_LEVEL,
    store: {
      ...(variables.MONGODB_URL !== undefined && { url: variables.MONGODB_URL }),
      database: variables.MONGODB_DATABASE,
      dataDir,
    },
    ...(variables.REDIS_URL !== undefined && { redisUrl: variables.REDIS_URL }),
    notifications: { content: variables.NOTIFICATION_CONTENT },
    auth: {
      key: signingKey(variables, dataDir),
      algorithm: variables.ALGORITHM,
      leewaySeconds: CLOCK_LEEWAY_SECONDS,
    },
    siblings: { authServiceUrl: variables.AUTH_SERVICE_URL, userServiceUrl: variables.USER_SERVICE_URL },
    authIntrospection: variables.AUTH_INTROSPECTION,
    ...directorySync(variables),
    timeZone: variables.DEFAULT_TIMEZONE,
    ...(variables.METRICS_TOKEN !== undefined && { metricsToken: variables.METRICS_TOKEN }),
    corsOrigins: variables.CORS_ORIGINS,
    trustedProxies: variables.TRUSTED_PROXIES,
    websocket: {
      pingIntervalMs: variables.WEBSOCKET_PING_INTERVAL * 1000,
      pingTimeoutMs: variables.WEBSOCKET_PING_TIMEOUT * 1000,
      maxConnectionsPerUser: variables.MAX_CONNECTIONS_PER_USER,
      authenticationTimeoutMs: AUTHENTICATION_TIMEOUT_MS,
    },
    maxMessageLength: variables.MAX_MESSAGE_LENGTH,
    messageRetentionMs: variables.MESSAGE_RETENTION_DAYS * DAY_MS,
    editWindowMs: variables.MESSAGE_EDIT_WINDOW_MINUTES * MINUTE_MS,
    maxGroupParticipants: variables.MAX_GROUP_PARTICIPANTS,
    rates: {
      messagesPerMinute: variables.RATE_LIMIT_MESSAGES_PER_MINUTE,
      changesPerMinute:
        variables.RATE_LIMIT_CHANGES_PER_MINUTE ??
        Math.max(LEAST_CHANGES_PER_MINUTE, variables.RATE_LIMIT_MESSAGES_PER_MINUTE),
      connectionsPerMinute: variables.RATE_LIMIT_CONNECTIONS_PER_MINUTE,
      eventsPerSecond: variables.RATE_LIMIT_EVENTS_PER_SECOND,
    },
    docs: variables.DOCS,
  };
}

/**
 * Reads and checks every setting; outside production a missing SECRET_KEY is generated into DATA_DIR.
 * @param env the environment, normally `process.env`
 * @param cwd working folder: where `.env` is looked for and DATA_DIR starts from
 * @throws ConfigurationError naming all wrong settings at once
 */
export function loadConfiguration(env: Environment = process.env, cwd: string = process.cwd()): AppConfig {
  const variables = plainToInstance(EnvironmentVariables, pickSettings(env, cwd), { exposeDefaultValues: true });
  const wrong = validateSync(variables, { forbidUnknownValues: true });
  const problems = wrong.map(({ property, constraints }) => `${property} ${Object.values(constraints ?? {})[0] ?? ''}`);
  const named = new Set(wrong.map(({ property }) => property));
  const all = [...problems, ...(named.has('CORS_ORIGINS') || named.has('NODE_ENV') ? [] : crossProblems(variables))];
  if (all.length > 0) throw new ConfigurationError(all);
  return toAppConfig(variables, cwd);
}

let ofProcess: AppConfig | undefined;

/**
 * The settings of this process, read once: the start and the module that injects them see the same ones.
 * @throws ConfigurationError naming all wrong settings at once
 */
export const processConfiguration = (): AppConfig => (ofProcess ??= loadConfiguration());
