/**
 * Runs public test-suites against a store started for the run:
 *
 *   npm run conformance -- --spec <checkout of mongodb/specifications> --mongoose <checkout of Automattic/mongoose>
 *
 * Either folder may be left out. In Mongoose's, `npm install` has been run before. `--url <MongoDB URL>` tests another
 * engine instead. What is expected to fail stands in expected-failures.txt; the exit code is 1 when anything else fails
 * and when something listed there passes.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmbeddedMongo } from '@presencepro/embedded-mongo';
import { readExpectations, report } from './expectations.mjs';
import { runMongooseSuite } from './mongoose-suite.mjs';
import { runCrudSuite } from './unified.mjs';

const { values: options } = parseArgs({
  options: { spec: { type: 'string' }, mongoose: { type: 'string' }, url: { type: 'string' } },
});
if (!options.spec && !options.mongoose) {
  console.error('usage: npm run conformance -- [--spec <dir>] [--mongoose <dir>] [--url <MongoDB URL>]');
  process.exit(2);
}

/** Mongoose's tests take a host and port apart, so the store's socket is offered on a loopback port. */
async function tcpDoor(socketPath) {
  const server = createServer((client) => {
    const store = connect(socketPath);
    client.pipe(store).pipe(client);
    client.on('error', () => store.destroy());
    store.on('error', () => client.destroy());
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

const dir = await mkdtemp(join(tmpdir(), 'embedded-mongo-conformance-'));
const socketPath = join(dir, 'store.sock');
const store = options.url ? undefined : await startEmbeddedMongo({ dir, socketPath });
const door = store ? await tcpDoor(socketPath) : undefined;
const url = options.url ?? `mongodb://127.0.0.1:${door.address().port}/?directConnection=true`;

const results = [];
try {
  if (options.spec) results.push(...(await runCrudSuite(resolve(options.spec), url)));
  if (options.mongoose) results.push(...(await runMongooseSuite(resolve(options.mongoose), url)));
} finally {
  await new Promise((done) => (door ? door.close(done) : done()));
  await store?.stop();
  await rm(dir, { recursive: true, force: true });
}
process.exitCode = report(results, await readExpectations()) ? 0 : 1;
