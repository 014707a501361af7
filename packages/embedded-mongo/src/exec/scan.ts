import { commandError } from '../errors';
import type { Collection } from '../catalog/catalog';
import type { Plan, ScanBranch } from '../plan/plan';
import { keyWith, type KeySpan, type Storage, type Table } from '../storage/storage';

/** How many keys are read in one go; behind them the snapshot is given back, so that its pages can be used again. */
const STEP = 1_000;

/** Thrown by a read that has taken longer than its turn allows, for the server to let it go on beside the writes. */
export class LongRead extends Error {}

/** What a query looked at, as `explain` reports it. */
export interface ScanStats {
  keys: number;
  docs: number;
}

/** Where a scan stands; a cursor keeps it between batches instead of an open read transaction. */
export interface ScanPosition {
  readonly branch: number;
  readonly span: number;
  readonly key: Buffer | undefined;
}

/** One document a scan came by. */
export interface Scanned {
  readonly raw: Buffer;
  readonly idKey: Buffer;
  readonly position: ScanPosition;
}

/** The beginning of every scan. */
export const SCAN_START: ScanPosition = { branch: 0, span: 0, key: undefined };

/** Limits and books of one scan. */
export interface ScanContext {
  readonly storage: Storage;
  readonly stats: ScanStats;
  /** Documents already yielded, kept only where the plan may meet one twice. */
  readonly seen: Set<string> | undefined;
  /** Time in ms (`Date.now()`) after which the scan gives up. */
  readonly deadline: number | undefined;
}

function rangeOptions(span: KeySpan, reverse: boolean, after: Buffer | undefined): Record<string, unknown> {
  if (!reverse) return { start: after ?? span.start, end: span.end, exclusiveStart: after !== undefined };
  // LMDB walks backwards from `start` down to `end`; our spans exclude their upper key and include the lower one.
  return { start: after ?? span.end, end: span.start, reverse: true, exclusiveStart: true, inclusiveEnd: true };
}

function checkTime({ stats, deadline, storage }: ScanContext): void {
  if ((stats.keys & 63) !== 0) return;
  const now = Date.now();
  if (deadline !== undefined && now > deadline) {
    throw commandError('MaxTimeMSExpired', 'operation exceeded time limit');
  }
  if (storage.readUntil !== undefined && now > storage.readUntil) throw new LongRead();
}

/** The entries of a span in steps, each of its own snapshot unless another scan of this command still holds one. */
function* entriesOf(
  storage: Storage,
  table: Table,
  span: KeySpan,
  reverse: boolean,
  from: Buffer | undefined,
): Generator<{ key: Buffer; value: Buffer }> {
  let after = from;
  storage.openScans++;
  try {
    for (;;) {
      let count = 0;
      for (const entry of table.getRange({ ...rangeOptions(span, reverse, after), limit: STEP })) {
        count++;
        after = entry.key;
        yield entry;
      }
      if (count < STEP) return;
      if (storage.openScans === 1) storage.refresh();
    }
  } finally {
    storage.openScans--;
  }
}

function* scanBranch(
  context: ScanContext,
  collection: Collection,
  branch: ScanBranch,
  branchNo: number,
  from: ScanPosition,
): Generator<Scanned> {
  const { storage, stats, seen } = context;
  const table = branch.index ? storage.indexes : storage.documents;
  for (let spanNo = from.branch === branchNo ? from.span : 0; spanNo < branch.spans.length; spanNo++) {
    const span = branch.spans[spanNo];
    if (!span) continue;
    const after = from.branch === branchNo && from.span === spanNo ? from.key : undefined;
    for (const { key, value } of entriesOf(storage, table, span, branch.reverse, after)) {
      stats.keys++;
      checkTime(context);
      const idKey = branch.index ? value : key.subarray(4);
      if (seen) {
        const text = idKey.toString('latin1');
        if (seen.has(text)) continue;
        seen.add(text);
      }
      const raw = branch.index ? storage.documents.get(keyWith(collection.id, idKey)) : value;
      if (!raw) throw new Error(`index ${branch.index?.name ?? '_id_'} of ${collection.ns} names a missing document`);
      stats.docs++;
      yield { raw, idKey, position: { branch: branchNo, span: spanNo, key } };
    }
  }
}

/** Yields what a plan leads to, from a position on, in the plan's order. Nothing is filtered yet. */
export function* scan(
  context: ScanContext,
  collection: Collection,
  plan: Plan,
  from: ScanPosition,
): Generator<Scanned> {
  for (let branchNo = from.branch; branchNo < plan.branches.length; branchNo++) {
    const branch = plan.branches[branchNo];
    if (branch) yield* scanBranch(context, collection, branch, branchNo, from);
  }
}
