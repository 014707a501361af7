import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { ConfigurationError, type Environment, loadConfiguration } from './configuration';

const STRONG = 'kT9-w7Qz_fB3mX1rY5uN8pL2dG6hJ4sV0aCe';
let cwd: string;

beforeAll(() => {
  Logger.overrideLogger(false);
});
beforeEach(() => (cwd = mkdtempSync(join(tmpdir(), 'config-'))));
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

function problems(env: Environment): readonly string[] {
  try {
    loadConfiguration({ SECRET_KEY: STRONG, ...env }, cwd);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

describe('loadConfiguration', () => {
  it('has the defaults of the contract', () => {
    expect(loadConfiguration({ SECRET_KEY: STRONG }, cwd)).toMatchObject({
      environment: 'development',
      service: { port: 8007, host: '0.0.0.0' },
      logLevel: 'info',
      store: { database: 'presencepro_messaging', dataDir: join(cwd, 'data') },
      auth: { algorithm: 'HS256', leewaySeconds: 5 },
      corsOrigins: [],
      trustedProxies: [],
      websocket: {
        pingIntervalMs: 20_000,
        pingTimeoutMs: 10_000,
        maxConnectionsPerUser: 5,
        authenticationTimeoutMs: 10_000,
      },
      maxMessageLength: 2000,
      maxGroupParticipants: 500,
      rates: { messagesPerMinute: 30, changesPerMinute: 30, connectionsPerMinute: 30, eventsPerSecond: 50 },
      docs: true,
    });
  });

  it('reads .env, the environment wins, empty is unset', () => {
    writeFileSync(join(cwd, '.env'), 'SERVICE_PORT=9001\nMAX_MESSAGE_LENGTH=100\nHOST=127.0.0.1\n');
    const config = loadConfiguration({ SECRET_KEY: STRONG, SERVICE_PORT: '9002', HOST: '' }, cwd);
    expect(config.service).toMatchObject({ port: 9002, host: '0.0.0.0' });
    expect(config.maxMessageLength).toBe(100);
  });

  it.each(['0x10', ' 12 ', '1e3', '-1', '1.5', '65536', 'abc', '007'])('refuses SERVICE_PORT %p', (value) => {
    expect(problems({ SERVICE_PORT: value })).toEqual(['SERVICE_PORT must be a whole number from 0 to 65535']);
  });

  it.each([
    ['RATE_LIMIT_CONNECTIONS_PER_MINUTE', '0'],
    ['RATE_LIMIT_CONNECTIONS_PER_MINUTE', '1000001'],
    ['RATE_LIMIT_CHANGES_PER_MINUTE', '0'],
    ['RATE_LIMIT_CHANGES_PER_MINUTE', 'many'],
    ['DOCS', 'yes'],
    ['NODE_ENV', 'staging'],
    ['ALGORITHM', 'none'],
    ['ALGORITHM', 'RS256'],
    ['LOG_LEVEL', 'loud'],
    ['MONGODB_URL', 'http://x'],
    ['CORS_ORIGINS', 'https://a.example/path'],
    ['CORS_ORIGINS', 'a.example'],
    ['TRUSTED_PROXIES', 'true'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
  ])('refuses %s=%s and names it', (name, value) => {
    const found = problems({ [name]: value });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^${name} must be `));
  });

  it.each([
    ['as many as messages', { RATE_LIMIT_MESSAGES_PER_MINUTE: '1000' }, 1000],
    ['at least 30', { RATE_LIMIT_MESSAGES_PER_MINUTE: '3' }, 30],
    ['its own setting first', { RATE_LIMIT_MESSAGES_PER_MINUTE: '1000', RATE_LIMIT_CHANGES_PER_MINUTE: '3' }, 3],
  ])('limits edits and deletions: %s', (_rule, env, changesPerMinute) => {
    expect(loadConfiguration({ SECRET_KEY: STRONG, ...env }, cwd).rates).toMatchObject({ changesPerMinute });
  });

  it('reads lists', () => {
    const env = { CORS_ORIGINS: 'https://a.example, http://localhost:3000', TRUSTED_PROXIES: '10.0.0.0/8,::1' };
    const config = loadConfiguration({ SECRET_KEY: STRONG, ...env }, cwd);
    expect(config.corsOrigins).toEqual(['https://a.example', 'http://localhost:3000']);
    expect(config.trustedProxies).toEqual(['10.0.0.0/8', '::1']);
  });

  it('names all wrong settings at once', () => {
    expect(
      problems({ SERVICE_PORT: 'x', DOCS: 'x', NODE_ENV: 'production', DEBUG: 'true', SECRET_KEY: 'secret' }),
    ).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^SERVICE_PORT/),
        expect.stringMatching(/^DOCS/),
        expect.stringMatching(/^DEBUG/),
        expect.stringMatching(/^SECRET_KEY/),
      ]),
    );
  });
});

describe('SECRET_KEY', () => {
  it.each([
    '',
    'short',
    'your-secret-key',
    'your-secret-key-here',
    'change-me',
    'changeme',
    'secret',
    'your-super-secret-key-change-in-production',
    'your_secret_key_here_0123456789_0123456789',
    'change-this-to-something-that-is-long-enough',
    'a'.repeat(40),
  ])('production refuses %p without repeating it', (key) => {
    const found = problems({ NODE_ENV: 'production', SECRET_KEY: key });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^SECRET_KEY must /);
    if (key.length > 8) expect(found[0]).not.toContain(key);
  });

  it('production takes a strong one and no generated one', () => {
    expect(problems({ NODE_ENV: 'production' })).toEqual([]);
    expect(problems({ NODE_ENV: 'production', CORS_ORIGINS: '*' })).toEqual([
      'CORS_ORIGINS must not be * in production',
    ]);
  });

  it('is generated once outside production, readable by its owner only', () => {
    const first = loadConfiguration({}, cwd).auth.key.export().toString();
    const file = join(cwd, 'data', 'secret.key');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8').trim()).toBe(first);
    expect(loadConfiguration({}, cwd).auth.key.export().toString()).toBe(first);
  });
});
