import { parentPort, workerData } from 'node:worker_threads';
import { Engine } from './commands/engine';
import { errorReply, runCommand } from './commands/router';
import { failedCommand } from './exec/transact';
import { Storage } from './storage/storage';
import type { ReadRequest, ReadResult } from './worker-messages';
import { decode } from './wire/raw';

/**
 * Runs long reads, one after the other, on its own snapshots of the store that the worker beside it writes: LMDB's
 * readers hold up no writer. It never writes.
 */
const storage = Storage.attach((workerData as { dir: string }).dir, 'open');
const engine = new Engine(storage, 1);

function answer({ connectionId, body }: ReadRequest): Buffer {
  try {
    storage.refresh();
    engine.catalog.load();
    engine.cursors.killIdle(Date.now());
    return runCommand(engine, connectionId, decode(body));
  } catch (error) {
    return errorReply(failedCommand(error));
  }
}

parentPort?.on('message', (request: ReadRequest | 'stop') => {
  if (request === 'stop') {
    void storage.close().then(() => parentPort?.close());
    return;
  }
  // A copy of its own size: a pooled buffer would be sent with its whole pool.
  const reply = new Uint8Array(answer(request));
  const result: ReadResult = { id: request.id, reply };
  parentPort?.postMessage(result, [reply.buffer]);
});
