import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, ROOT, startService } from '../scripts/demo/service.mjs';

const STORE = join(ROOT, 'packages', 'embedded-mongo', 'dist', 'cli.js');

/** @returns whether the benchmark of several nodes can run here */
export const hasRedis = () => spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;

function until(child, pattern, what) {
  return new Promise((resolve, reject) => {
    let output = '';
    const timer = setTimeout(() => reject(new Error(`${what} was not ready in 20 s`)), 20_000);
    child.stdout.on('data', (chunk) => {
      output += chunk;
      const found = pattern.exec(output);
      if (found) resolve(found, clearTimeout(timer));
    });
    child.once('exit', () => reject(new Error(`${what} ended while it started`)));
    child.once('error', reject);
  });
}

/** Two services on one embedded store, which runs by itself, and one Redis. @returns their urls, all pids, and an end */
export async function startTwoNodes({ folder, secret, env }) {
  const home = join(folder, 'two-nodes');
  mkdirSync(home);
  const redisPort = await freePort();
  const children = [];
  const start = (command, args) => {
    const child = spawn(command, args, { cwd: home, stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(child);
    return child;
  };
  const nodes = [];
  const stop = async () => {
    for (const node of nodes) await node.stop();
    for (const child of children) child.kill('SIGKILL');
  };
  try {
    const redis = start('redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '']);
    const store = start(process.execPath, [STORE, '--dir', join(home, 'store'), '--socket', join(home, 's.sock')]);
    await until(redis, /Ready to accept connections/, 'redis-server');
    const [, url] = await until(store, /ready (\S+)/, 'the store');
    const shared = { ...env, MONGODB_URL: url, REDIS_URL: `redis://127.0.0.1:${redisPort}` };
    for (let i = 0; i < 2; i++) {
      nodes.push(await startService({ folder: home, port: await freePort(), secret, env: shared }));
    }
    return { urls: nodes.map((node) => node.url), pids: [...nodes, ...children].map(({ pid }) => pid), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
