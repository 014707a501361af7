import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Document } from './bson/values';
import { errorReply } from './commands/router';
import { failedCommand } from './exec/transact';
import { encode } from './wire/raw';
import type { ReadRequest, ReadResult } from './worker-messages';

/** What a read may hold: an aggregation that needs more ends its thread with an error, not the store. */
const MAX_HEAP_MB = 512;
const STOP_MS = 2_000;

/** Hands reads that take long to a thread of their own, which is started with the first of them. */
export class LongReads {
  private worker: Worker | undefined;
  private nextId = 1;
  private readonly pending = new Map<number, (reply: Buffer) => void>();

  constructor(private readonly dir: string) {}

  /** True for a command about a cursor that the thread keeps. */
  owns(body: Document): boolean {
    const { getMore, killCursors, cursors } = body;
    const killed: unknown = killCursors !== undefined && Array.isArray(cursors) ? cursors[0] : undefined;
    return /^\d*[13579]$/.test(String(getMore ?? killed));
  }

  /** Runs a read there; resolves with its reply, which is an error's when the thread could not do it. */
  run(connectionId: number, body: Document): Promise<Buffer> {
    const request: ReadRequest = { id: this.nextId++, connectionId, body: encode(body) };
    return new Promise((resolve) => {
      this.pending.set(request.id, resolve);
      this.worker ??= this.start();
      this.worker.postMessage(request);
    });
  }

  /** Ends the thread; what it was still asked is answered with an error. */
  async stop(): Promise<void> {
    const { worker } = this;
    if (!worker) return;
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    worker.postMessage('stop');
    const timer = setTimeout(() => void worker.terminate(), STOP_MS);
    await gone;
    clearTimeout(timer);
  }

  private start(): Worker {
    const worker = new Worker(join(__dirname, 'reader.js'), {
      workerData: { dir: this.dir },
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    });
    let failure: unknown = new Error('the reading thread ended');
    worker.on('message', ({ id, reply }: ReadResult) => {
      this.pending.get(id)?.(Buffer.from(reply.buffer, reply.byteOffset, reply.byteLength));
      this.pending.delete(id);
    });
    worker.on('error', (error) => (failure = error));
    worker.once('exit', () => {
      this.worker = undefined;
      for (const resolve of this.pending.values()) resolve(errorReply(failedCommand(failure)));
      this.pending.clear();
    });
    return worker;
  }
}
