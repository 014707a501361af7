import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const MAIN = join(ROOT, 'dist', 'main.js');

// Also those that are still starting: an interrupt may come before startService has given its caller anything to stop.
const running = new Set();

/** Kills every service that this process started and waits until they are gone. */
export async function killServices() {
  const gone = [...running].map((child) => new Promise((resolve) => child.once('exit', resolve)));
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(gone);
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function newest(path) {
  if (!existsSync(path)) return 0; // an image has the build only
  if (!statSync(path).isDirectory()) return /(?<!\.spec)\.ts$/.test(path) ? statSync(path).mtimeMs : 0;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** Builds when there is no build or an older one than the sources: figures of yesterday's code would mislead. */
export function ensureBuilt() {
  const sources = [join(ROOT, 'src'), join(ROOT, 'packages', 'embedded-mongo', 'src')];
  if (existsSync(MAIN) && sources.every((folder) => newest(folder) <= statSync(MAIN).mtimeMs)) return;
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  console.error('Running `npm run build` …');
  const { status } = spawnSync(npm, ['run', 'build'], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0 || !existsSync(MAIN)) throw new Error('the build failed');
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export const temporaryFolder = (name) => mkdtempSync(join(tmpdir(), `presencepro-${name}-`));

// Retries: a process killed a moment ago may still hold its files on some systems.
export const removeFolder = (folder) =>
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });

/**
 * Starts the built service in `folder` and waits until it is ready. Only a few variables are passed on: a MONGODB_URL or
 * REDIS_URL of the caller's shell must not turn a demonstration into writes to somebody's database.
 */
export async function startService({ folder, port, secret, env = {}, timeoutMs = 30_000 }) {
  const inherited = {};
  for (const name of ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'SystemRoot', 'LANG', 'NODE_OPTIONS']) {
    if (process.env[name] !== undefined) inherited[name] = process.env[name];
  }
  const child = spawn(process.execPath, [MAIN], {
    cwd: folder,
    env: {
      ...inherited,
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      SERVICE_PORT: String(port),
      DATA_DIR: join(folder, 'data'),
      SECRET_KEY: secret,
      LOG_LEVEL: 'warn',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let tail = '';
  const keep = (chunk) => (tail = (tail + chunk).slice(-4000));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const exited = new Promise((resolve) => {
    child.once('exit', resolve);
    child.once('error', resolve);
  });
  let alive = true;
  if (child.pid) running.add(child);
  void exited.then(() => {
    alive = false;
    running.delete(child);
  });

  const service = {
    pid: child.pid,
    /** Whether somebody here asked it to end. */
    ending: false,
    url: `http://127.0.0.1:${port}`,
    exited,
    isAlive: () => alive,
    output: () => tail,
    killNow() {
      service.ending = true;
      if (alive) child.kill('SIGKILL');
    },
    async stop() {
      service.ending = true;
      if (alive) child.kill('SIGTERM');
      await Promise.race([exited, sleep(5000)]);
      if (alive) child.kill('SIGKILL');
      await exited;
    },
  };
  const until = Date.now() + timeoutMs;
  for (;;) {
    if (!alive) throw new Error(`the service ended while starting:\n${tail}`);
    const ready = await fetch(`${service.url}/health/ready`, { signal: AbortSignal.timeout(2000) }).then(
      async (answer) => (await answer.arrayBuffer(), answer.ok),
      () => false,
    );
    if (ready) return service;
    if (Date.now() > until) {
      service.killNow();
      throw new Error(`the service was not ready after ${timeoutMs / 1000} s:\n${tail}`);
    }
    await sleep(25);
  }
}
