import type { Collection } from '../catalog/catalog';
import { commandError } from '../errors';
import type { Document } from '../bson/values';
import { compileFilter } from '../query/matcher';
import { compileProjection } from '../query/projection';
import { compileSorter, type Sorter } from '../query/sort';
import { MEMORY_LIMIT_BYTES } from '../pipeline/memory';
import type { Plan, SortSpec } from '../plan/plan';
import { planQuery } from '../plan/planner';
import type { Storage } from '../storage/storage';
import { decode, encode } from '../wire/raw';
import { LongRead, scan, SCAN_START, type ScanContext, type Scanned, type ScanPosition, type ScanStats } from './scan';

/** Limit of the documents in one reply. */
export const BATCH_LIMIT_BYTES = 16 * 1024 * 1024;

/** How many matches a count looks at before it forgets them. */
const COUNT_STEP = 1_000;

/** A query as the commands state it. */
export interface QuerySpec {
  readonly filter: Document;
  readonly sort?: Document | undefined;
  readonly projection?: Document | undefined;
  readonly skip?: number;
  /** 0 or missing: no limit. */
  readonly limit?: number;
  readonly hint?: unknown;
  readonly deadline?: number | undefined;
}

/** A document that matched. */
export interface Match {
  readonly raw: Buffer;
  readonly idKey: Buffer;
  /** Decoded already where the filter or sort needed it. */
  readonly doc: Document | undefined;
}

/** A sort document as path and direction pairs; `compileSort` has checked it. */
export function sortSpecOf(sort: Document | undefined): SortSpec {
  return Object.entries(sort ?? {}).map(([path, direction]) => [path, Number(direction) < 0 ? -1 : 1]);
}

/** One query: planned once, readable in batches. */
export class Query {
  readonly plan: Plan;
  readonly stats: ScanStats = { keys: 0, docs: 0 };
  private readonly matches: ((doc: Document) => boolean) | undefined;
  private readonly project: ((doc: Document) => Document) | undefined;
  private readonly sorter: Sorter | undefined;
  private readonly seen: Set<string> | undefined;
  private position: ScanPosition = SCAN_START;
  private skip: number;
  private left: number;
  private sorted: Match[] | undefined;
  private finished = false;
  private opened = false;

  constructor(
    private readonly storage: Storage,
    readonly collection: Collection,
    private readonly spec: QuerySpec,
  ) {
    const matches = compileFilter(spec.filter);
    const hasSort = spec.sort !== undefined && Object.keys(spec.sort).length > 0;
    if (hasSort && Object.hasOwn(spec.sort ?? {}, '$natural')) {
      throw commandError('BadValue', "the sort key '$natural' is not supported by this store");
    }
    const sorter = hasSort && spec.sort ? compileSorter(spec.sort) : undefined;
    this.plan = planQuery(collection, {
      filter: spec.filter,
      sort: sortSpecOf(spec.sort),
      hint: spec.hint,
    });
    this.matches = this.plan.exact ? undefined : matches;
    this.sorter = this.plan.sortProvided ? undefined : sorter;
    const projecting = spec.projection !== undefined && Object.keys(spec.projection).length > 0;
    this.project = projecting && spec.projection ? compileProjection(spec.projection) : undefined;
    this.seen = this.plan.dedupe ? new Set() : undefined;
    this.skip = spec.skip ?? 0;
    this.left = spec.limit ? spec.limit : Infinity;
  }

  /** True when nothing is left to read. */
  get done(): boolean {
    return this.finished;
  }

  /** All matches from where the query stands, in order, without skip and limit. */
  private *candidates(deadline: number | undefined): Generator<Match & { position?: ScanPosition }> {
    if (this.sorter) {
      this.sorted ??= this.sortAll(this.sorter, deadline);
      for (const match of this.sorted) yield match;
      return;
    }
    for (const scanned of this.scan(deadline)) {
      const match = this.test(scanned);
      if (match) yield { ...match, position: scanned.position };
      else this.position = scanned.position;
    }
  }

  private scan(deadline: number | undefined): Generator<Scanned> {
    const context: ScanContext = { storage: this.storage, stats: this.stats, seen: this.seen, deadline };
    return scan(context, this.collection, this.plan, this.position);
  }

  private test(scanned: Scanned): Match | undefined {
    if (!this.matches) return { raw: scanned.raw, idKey: scanned.idKey, doc: undefined };
    const doc = decode(scanned.raw);
    return this.matches(doc) ? { raw: scanned.raw, idKey: scanned.idKey, doc } : undefined;
  }

  /** Keeps of each match its bytes and its sort key only: decoded documents would take several times the room. */
  private sortAll(sorter: Sorter, deadline: number | undefined): Match[] {
    let rows: { match: Match; key: unknown[] }[] = [];
    const keep = this.skip + this.left;
    const sort = (): void => void rows.sort((a, b) => sorter.compareKeys(a.key, b.key));
    let bytes = 0;
    for (const scanned of this.scan(deadline)) {
      const match = this.test(scanned);
      if (!match) continue;
      const key = sorter.keyOf(match.doc ?? decode(match.raw));
      rows.push({ match: { raw: match.raw, idKey: match.idKey, doc: undefined }, key });
      bytes += match.raw.length;
      if (rows.length >= 2 * keep + 1_000) {
        sort();
        rows = rows.slice(0, keep);
        bytes = rows.reduce((sum, row) => sum + row.match.raw.length, 0);
      }
      if (bytes > MEMORY_LIMIT_BYTES) {
        throw commandError(
          'QueryExceededMemoryLimit',
          `Sort exceeded memory limit of ${MEMORY_LIMIT_BYTES} bytes; an index on the sort keys avoids it`,
        );
      }
    }
    sort();
    return rows.map((row) => row.match);
  }

  /** The next matches in order, at most `count`, for the engine itself. */
  take(count: number): Match[] {
    const out: Match[] = [];
    this.read(
      out,
      count,
      Infinity,
      (match) => match,
      () => 0,
    );
    return out;
  }

  /**
   * The next documents of a reply: projected, at most `count` and at most a reply's size. From the second batch on it
   * may be short or empty when it took too long: the client asks again.
   * @throws LongRead from the first.
   */
  nextBatch(count: number, deadline = this.spec.deadline): Buffer[] {
    const { project } = this;
    const render = project
      ? (match: Match) => encode(project(match.doc ?? decode(match.raw)))
      : (match: Match) => match.raw;
    const batch: Buffer[] = [];
    try {
      this.read(batch, count, BATCH_LIMIT_BYTES, render, (raw) => raw.length, deadline);
    } catch (error) {
      if (!(error instanceof LongRead) || !this.opened) throw error;
    }
    this.opened = true;
    return batch;
  }

  private read<T>(
    out: T[],
    count: number,
    maxBytes: number,
    render: (match: Match) => T,
    sizeOf: (item: T) => number,
    deadline = this.spec.deadline,
  ): void {
    let bytes = 0;
    if (this.finished || count <= 0) return;
    let consumed = 0;
    for (const match of this.candidates(deadline)) {
      if (this.skip > 0) {
        this.skip--;
      } else {
        const item = render(match);
        bytes += sizeOf(item);
        if (bytes > maxBytes && out.length > 0) {
          // The set of seen documents must not swallow the one that did not fit.
          this.seen?.delete(match.idKey.toString('latin1'));
          this.dropSorted(consumed);
          return;
        }
        out.push(item);
        this.left--;
      }
      consumed++;
      if (match.position) this.position = match.position;
      if (this.left <= 0) break;
      if (out.length >= count) {
        this.dropSorted(consumed);
        return;
      }
    }
    this.finished = true;
    this.sorted = undefined;
  }

  private dropSorted(consumed: number): void {
    if (this.sorted) this.sorted = this.sorted.slice(consumed);
  }

  /** Reads everything and only counts. */
  count(): number {
    let count = 0;
    while (!this.done) count += this.take(COUNT_STEP).length;
    return count;
  }
}
