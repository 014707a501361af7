import { commandError } from '../errors';
import type { Query } from './query';

/** What a cursor reads from: batches of raw documents. */
export interface BatchSource {
  readonly done: boolean;
  nextBatch(count: number, deadline?: number): Buffer[];
}

/** Documents that are already computed, as an aggregation's. */
export class ListSource implements BatchSource {
  constructor(
    private docs: Buffer[],
    private readonly maxBytes: number,
  ) {}

  get done(): boolean {
    return this.docs.length === 0;
  }

  nextBatch(count: number): Buffer[] {
    let bytes = 0;
    let end = 0;
    while (end < this.docs.length && end < count) {
      bytes += this.docs[end]?.length ?? 0;
      if (bytes > this.maxBytes && end > 0) break;
      end++;
    }
    const batch = this.docs.slice(0, end);
    this.docs = this.docs.slice(end);
    return batch;
  }
}

interface OpenCursor {
  readonly id: bigint;
  readonly ns: string;
  readonly source: BatchSource;
  readonly collectionId: number | undefined;
  usedAt: number;
}

const IDLE_MS = 10 * 60_000;

/** The open cursors of all connections. */
export class CursorRegistry {
  private readonly cursors = new Map<bigint, OpenCursor>();
  private nextId: bigint;

  /** Ids of lane 0 are even, those of lane 1 odd: they tell which thread keeps a cursor. */
  constructor(lane: 0 | 1 = 0) {
    this.nextId = (BigInt(1 + Math.floor(Math.random() * 2 ** 30)) << 20n) + BigInt(lane);
  }

  /** Keeps a source for `getMore`; returns the cursor's id. */
  open(ns: string, source: BatchSource, query?: Query): bigint {
    const id = this.nextId;
    this.nextId += 2n;
    const collectionId = query?.collection.id;
    this.cursors.set(id, { id, ns, source, collectionId, usedAt: Date.now() });
    return id;
  }

  /** The cursor of an id, or CursorNotFound. */
  get(id: bigint, ns: string): OpenCursor {
    const cursor = this.cursors.get(id);
    if (!cursor) throw commandError('CursorNotFound', `cursor id ${id} not found`);
    if (cursor.ns !== ns) throw commandError('CursorNotFound', `cursor id ${id} does not belong to ${ns}`);
    cursor.usedAt = Date.now();
    return cursor;
  }

  kill(id: bigint): boolean {
    return this.cursors.delete(id);
  }

  /** Forgets cursors that nobody asked for in ten minutes. */
  killIdle(now: number): void {
    for (const cursor of this.cursors.values()) if (now - cursor.usedAt > IDLE_MS) this.kill(cursor.id);
  }

  get size(): number {
    return this.cursors.size;
  }
}
