import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { errorReply, isWrite, runCommand } from './commands/router';
import type { Engine } from './commands/engine';
import { CommandError, commandError } from './errors';
import { LongRead } from './exec/scan';
import { failedCommand, transact } from './exec/transact';
import { LongReads } from './long-reads';
import { frameReply, MessageSplitter, parseMessage, type Request } from './wire/message';

/** How much of the queue one transaction takes; what is behind waits for the next turn. */
const MAX_BATCH_COMMANDS = 512;
const MAX_BATCH_BYTES = 16 * 1024 * 1024;

/** How long the reads of one turn may take, and what each may at least, before writes come first. In ms. */
const READ_TURN_MS = 20;
const READ_LEAST_MS = 2;

interface Connection {
  readonly id: number;
  readonly socket: Socket;
  readonly splitter: MessageSplitter;
}

interface Job {
  readonly connection: Connection;
  readonly request: Request;
  reply: Buffer | undefined;
}

/** Told about every group: how many commands it had and whether it was committed before its replies left. */
export type TurnListener = (turn: { commands: number; writes: number; commits: number }) => void;

/**
 * The wire server. Every turn of the event loop takes the complete messages of all sockets, runs them in order (inside
 * one transaction when there is a write among them) and answers after the commit: group commit without a timer.
 */
export class WireServer {
  private readonly server: Server;
  private readonly connections = new Map<number, Connection>();
  private queue: Job[] = [];
  private scheduled = false;
  private nextConnection = 1;
  private stopping = false;
  private readonly longReads: LongReads;

  constructor(
    private readonly engine: Engine,
    private readonly onFatal: (error: Error) => void,
    private readonly onTurn?: TurnListener,
  ) {
    this.longReads = new LongReads(engine.storage.dir);
    this.server = createServer({ noDelay: true }, (socket) => this.accept(socket));
  }

  /** Listens on a socket path, or on a free loopback port without one. */
  listen(path: string | undefined): Promise<AddressInfo | string | null> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      const ready = (): void => {
        this.server.off('error', reject);
        this.server.on('error', this.onFatal);
        resolve(this.server.address());
      };
      if (path === undefined) this.server.listen(0, '127.0.0.1', ready);
      else this.server.listen(path, ready);
    });
  }

  /** Accepts nothing more, answers what has arrived, then closes all sockets. */
  async close(): Promise<void> {
    this.stopping = true;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    while (this.queue.length > 0) this.drain();
    await this.longReads.stop();
    for (const { socket } of this.connections.values()) socket.end(() => socket.destroySoon());
    const timer = setTimeout(() => {
      for (const { socket } of this.connections.values()) socket.destroy();
    }, 1_000);
    await closed;
    clearTimeout(timer);
  }

  private accept(socket: Socket): void {
    const connection: Connection = { id: this.nextConnection++, socket, splitter: new MessageSplitter() };
    this.connections.set(connection.id, connection);
    socket.on('data', (chunk) => this.receive(connection, chunk));
    // A client that goes away needs no answer; what it sent completely is still done.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.connections.delete(connection.id));
  }

  private receive(connection: Connection, chunk: Buffer): void {
    if (this.stopping) return;
    let messages: Buffer[];
    try {
      messages = connection.splitter.push(chunk);
    } catch {
      connection.socket.destroy();
      return;
    }
    for (const message of messages) {
      const job = this.read(connection, message);
      if (job) this.queue.push(job);
    }
    if (this.queue.length > 0) this.schedule();
  }

  private read(connection: Connection, message: Buffer): Job | undefined {
    try {
      return { connection, request: parseMessage(message), reply: undefined };
    } catch (error) {
      const known = error instanceof CommandError ? error : commandError('FailedToParse', 'a message is malformed');
      const request = { requestId: message.readInt32LE(4), legacy: false };
      connection.socket.write(frameReply(request, errorReply(known)));
      return undefined;
    }
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    // Runs after the poll phase has read every readable socket: their messages share one commit.
    setImmediate(() => {
      this.scheduled = false;
      this.drain();
      if (this.queue.length > 0) this.schedule();
    });
  }

  private takeBatch(): Job[] {
    let end = 0;
    let bytes = 0;
    while (end < this.queue.length && end < MAX_BATCH_COMMANDS) {
      bytes += this.queue[end]?.request.size ?? 0;
      if (bytes > MAX_BATCH_BYTES && end > 0) break;
      end++;
    }
    return this.queue.splice(0, end);
  }

  /** Writes first, in one transaction; their replies leave before the reads of the turn run on what they committed. */
  private drain(): void {
    const jobs = this.takeBatch();
    if (jobs.length === 0) return;
    const writes: Job[] = [];
    const reads: Job[] = [];
    for (const job of jobs) (isWrite(job.request.body) ? writes : reads).push(job);
    const before = this.engine.storage.counters.commits;
    if (writes.length > 0) this.runWrites(writes);
    const commits = this.engine.storage.counters.commits - before;
    this.onTurn?.({ commands: jobs.length, writes: writes.length, commits });
    this.answer(writes);
    if (reads.length > 0) this.runReads(reads);
    this.answer(reads);
  }

  private run(job: Job): void {
    job.reply = runCommand(this.engine, job.connection.id, job.request.body);
  }

  /** Short reads run here. One that takes longer starts again in the thread for long ones and holds up nobody. */
  private runReads(jobs: readonly Job[]): void {
    const { storage } = this.engine;
    storage.refresh();
    const end = Date.now() + READ_TURN_MS;
    for (const job of jobs) {
      if (this.longReads.owns(job.request.body)) {
        this.handOver(job);
        continue;
      }
      storage.readUntil = Math.max(end, Date.now() + READ_LEAST_MS);
      try {
        this.run(job);
      } catch (error) {
        if (error instanceof LongRead) this.handOver(job);
        else job.reply = internalError(error);
      }
    }
    storage.readUntil = undefined;
  }

  private handOver(job: Job): void {
    void this.longReads.run(job.connection.id, job.request.body).then((reply) => {
      job.reply = reply;
      this.answer([job]);
    });
  }

  /**
   * One transaction for all. A throw that is no command's error aborts it, so nothing of it is on disk and nobody was
   * answered; each command then gets a transaction of its own, and only the one at fault fails.
   */
  private runWrites(jobs: readonly Job[]): void {
    const failed = transact(this.engine, this.onFatal, () => {
      for (const job of jobs) this.run(job);
    });
    if (!failed) return;
    for (const job of jobs) {
      const error = transact(this.engine, this.onFatal, () => this.run(job));
      if (error) job.reply = errorReply(error);
    }
  }

  private answer(jobs: readonly Job[]): void {
    for (const { connection, request, reply } of jobs) {
      const { socket } = connection;
      if (!reply || !request.wantsReply || socket.destroyed) continue;
      socket.write(frameReply(request, reply));
    }
  }
}

function internalError(error: unknown): Buffer {
  return errorReply(failedCommand(error));
}
