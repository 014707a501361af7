import type { EmbeddedMongoErrorCode } from './public-error';

/** What the worker is started with. */
export interface WorkerOptions {
  readonly dir: string;
  /** Undefined: loopback TCP. */
  readonly socketPath: string | undefined;
  /** Reports each group of commands; for tests of the group commit. */
  readonly traceTurns: boolean;
  /** Milliseconds between two sweeps of expired documents and idle cursors. */
  readonly sweepMs: number | undefined;
}

/** Messages to the worker. */
export interface ToWorker {
  readonly type: 'stop';
}

/** Messages from the worker. */
export type FromWorker =
  | { readonly type: 'ready'; readonly port: number | undefined }
  | { readonly type: 'stopped' }
  | { readonly type: 'failed'; readonly code: EmbeddedMongoErrorCode; readonly message: string }
  | { readonly type: 'turn'; readonly commands: number; readonly writes: number; readonly commits: number };

/** A read for the reading thread; `body` is BSON. */
export interface ReadRequest {
  readonly id: number;
  readonly connectionId: number;
  readonly body: Uint8Array;
}

/** The reply to a `ReadRequest`. */
export interface ReadResult {
  readonly id: number;
  readonly reply: Uint8Array;
}
