import type { Collection, IndexDef } from '../catalog/catalog';
import type { Engine } from '../commands/engine';
import { transact } from '../exec/transact';
import { rangeSpan } from '../plan/bounds';
import { keyWith, prefixOf } from '../storage/storage';
import { decode } from '../wire/raw';

/** Limit of one turn, so that a sweep of many documents holds up nobody. */
export const TTL_BATCH = 1_000;

interface Expiring {
  readonly collection: Collection;
  readonly index: IndexDef;
  readonly seconds: number;
}

/** Removes documents whose date in a TTL index has passed. Of an array the earliest date counts; what is no date never expires. */
export class TtlSweep {
  constructor(
    private readonly engine: Engine,
    private readonly onFatal: (error: Error) => void,
  ) {}

  /**
   * Removes at most `TTL_BATCH` documents that expired before `now` (ms) in one transaction.
   * @returns how many; a full batch means that there may be more.
   */
  turn(now: number): number {
    this.engine.storage.refresh();
    for (const one of this.expiring()) {
      const idKeys = this.expired(one, now);
      if (idKeys.length === 0) continue;
      const failed = transact(this.engine, this.onFatal, () => {
        for (const idKey of idKeys) this.remove(one.collection, idKey);
      });
      // A full disk: the next sweep tries again.
      return failed ? 0 : idKeys.length;
    }
    return 0;
  }

  private *expiring(): Generator<Expiring> {
    for (const collection of this.engine.catalog.list()) {
      for (const index of collection.indexes) {
        const seconds = index.spec['expireAfterSeconds'];
        if (seconds !== undefined) yield { collection, index, seconds: Number(seconds) };
      }
    }
  }

  private expired({ index, seconds }: Expiring, now: number): Buffer[] {
    const until = new Date(now - seconds * 1_000);
    const predicate = { path: index.paths[0] ?? '', op: 'lte', values: [until], element: undefined } as const;
    const span = rangeSpan(prefixOf(index.id), [predicate], index.directions[0] ?? 1);
    if (!span) return [];
    const found = new Map<string, Buffer>();
    // An entry of an index leads to its document by its value, which is the document's key.
    for (const { value } of this.engine.storage.indexes.getRange({ ...span, limit: TTL_BATCH })) {
      found.set(value.toString('latin1'), value);
    }
    return [...found.values()];
  }

  private remove(collection: Collection, idKey: Buffer): void {
    const raw = this.engine.storage.documents.get(keyWith(collection.id, idKey));
    if (raw) this.engine.writer.remove(collection, idKey, decode(raw));
  }
}
