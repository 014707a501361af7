import { chmodSync, rmSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { initialiseCatalog } from './catalog/catalog';
import { Engine } from './commands/engine';
import { TtlSweep } from './maintenance/ttl';
import { EmbeddedMongoError, type EmbeddedMongoErrorCode } from './public-error';
import { WireServer } from './server';
import { startFailure } from './storage/failures';
import { Storage } from './storage/storage';
import type { FromWorker, ToWorker, WorkerOptions } from './worker-messages';

const SWEEP_MS = 60_000;

function post(message: FromWorker): void {
  parentPort?.postMessage(message);
}

function describe(error: unknown): { code: EmbeddedMongoErrorCode; message: string } {
  if (error instanceof EmbeddedMongoError) return { code: error.code, message: error.message };
  return { code: 'UNAVAILABLE', message: error instanceof Error ? error.message : String(error) };
}

async function main(options: WorkerOptions): Promise<void> {
  const storage = await Storage.open(options.dir, initialiseCatalog);
  const engine = new Engine(storage);
  // The process ends with this worker: whoever waits for a reply must not get one that the disk does not back.
  const fatal = (error: Error): never => {
    post({ type: 'failed', ...describe(error) });
    process.exit(1);
  };
  const onTurn = options.traceTurns ? (turn: object) => post({ type: 'turn', ...turn } as FromWorker) : undefined;
  const server = new WireServer(engine, fatal, onTurn);
  if (options.socketPath !== undefined) rmSync(options.socketPath, { force: true });
  const address = await server.listen(options.socketPath);
  if (options.socketPath !== undefined) chmodSync(options.socketPath, 0o600);
  const ttl = new TtlSweep(engine, fatal);
  let stopped = false;
  const sweepExpired = (): void => {
    // Turn by turn, with whatever clients asked in between.
    if (!stopped && ttl.turn(Date.now()) > 0) setImmediate(sweepExpired);
  };
  const sweep = setInterval(() => {
    engine.cursors.killIdle(Date.now());
    sweepExpired();
  }, options.sweepMs ?? SWEEP_MS);
  const stop = async (): Promise<void> => {
    stopped = true;
    clearInterval(sweep);
    await server.close();
    await storage.close();
    post({ type: 'stopped' });
    parentPort?.close();
  };
  parentPort?.on('message', (message: ToWorker) => {
    if (message.type === 'stop') stop().catch(fatal);
  });
  post({ type: 'ready', port: typeof address === 'object' ? address?.port : undefined });
}

const options = workerData as WorkerOptions;
main(options).catch((error: unknown) => {
  post({ type: 'failed', ...describe(startFailure(error, options.dir)) });
  process.exit(1);
});
