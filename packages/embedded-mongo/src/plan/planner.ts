import type { Collection, IndexDef } from '../catalog/catalog';
import { commandError } from '../errors';
import type { Document } from '../bson/values';
import { afterPrefix, prefixOf, spanOf, type KeySpan } from '../storage/storage';
import { extendPrefixes, normalise, rangeSpan } from './bounds';
import { implies, provesPresence } from './implies';
import type { Plan, ScanBranch, SortSpec } from './plan';
import { analyse, isExact, type Conjunction, type Predicate } from './predicates';

const MAX_POINTS = 2_000;

/** What is scanned: a secondary index, or the documents by `_id`. */
interface Access {
  readonly id: number;
  readonly index: IndexDef | undefined;
  readonly paths: readonly string[];
  readonly directions: readonly (1 | -1)[];
  readonly multikey: readonly boolean[];
}

interface Candidate extends Plan {
  readonly score: number;
}

/** What is asked for. */
export interface QueryShape {
  readonly filter: Document;
  readonly sort: SortSpec;
  readonly hint?: unknown;
}

function accessOf(collection: Collection, index: IndexDef | undefined): Access {
  if (!index) return { id: collection.id, index, paths: ['_id'], directions: [1], multikey: [false] };
  return { id: index.id, index, paths: index.paths, directions: index.directions, multikey: index.multikey };
}

function isUsable(index: IndexDef, parts: Conjunction, filter: Document): boolean {
  if (index.partial && !implies(parts.predicates, index.partial, filter)) return false;
  if (!index.sparse) return true;
  return parts.predicates.some((predicate) => index.paths.includes(predicate.path) && provesPresence(predicate));
}

/**
 * On a multikey path two conditions may be met by two different array elements, so bounds of fields below the same
 * array must not be combined, unless one `$elemMatch` ties them to the same element.
 */
function mayCombine(access: Access, position: number, predicate: Predicate, used: readonly Predicate[]): boolean {
  if (!access.multikey[position]) return true;
  const root = predicate.path.split('.')[0];
  return used.every(
    (other) =>
      other.path.split('.')[0] !== root || (other.element !== undefined && other.element === predicate.element),
  );
}

/**
 * The direction in which the index yields the order asked for, 0 when it does not. `pinned` are the index positions
 * bound to one key: they drop out of the order. A pinned array field still sorts by its own least or greatest element,
 * so it may be passed over in the index, never in the order asked for.
 */
function sortMatches(access: Access, sort: SortSpec, pinned: ReadonlySet<number>): 1 | -1 | 0 {
  let direction: 1 | -1 | 0 = 0;
  let position = 0;
  for (const [path, wanted] of sort) {
    const at = access.paths.indexOf(path);
    if (at >= 0 && access.multikey[at]) return 0;
    if (at >= 0 && pinned.has(at)) continue;
    while (pinned.has(position)) position++;
    if (access.paths[position] !== path) return 0;
    const step: 1 | -1 = access.directions[position] === wanted ? 1 : -1;
    if (direction !== 0 && direction !== step) return 0;
    direction = step;
    position++;
  }
  return direction === 0 ? 1 : direction;
}

class CandidateBuilder {
  private prefixes: Buffer[];
  private readonly used: Predicate[] = [];
  private readonly pinned = new Set<number>();
  private spans: KeySpan[] | undefined;
  private points = 0;
  private score = 0;

  constructor(
    private readonly access: Access,
    private readonly parts: Conjunction,
    private readonly sort: SortSpec,
    private readonly hinted: boolean,
  ) {
    this.prefixes = [prefixOf(access.id)];
  }

  build(): Candidate | undefined {
    let position = 0;
    while (position < this.access.paths.length && !this.spans && this.takePoint(position)) position++;
    if (position < this.access.paths.length) this.takeRange(position);
    const spans = normalise(this.spans ?? this.prefixes.map((prefix) => ({ start: prefix, end: afterPrefix(prefix) })));
    const direction = this.sort.length === 0 ? 1 : sortMatches(this.access, this.sort, this.pinned);
    const sortProvided = this.sort.length === 0 || (direction !== 0 && (spans.length <= 1 || this.onlyLeading()));
    if (this.used.length === 0 && !this.hinted && (!sortProvided || this.sort.length === 0)) return undefined;
    if (sortProvided && this.sort.length > 0) this.score += this.used.length > 0 ? 60 : 10;
    const { index, paths } = this.access;
    // At most one document for each point: nothing else can be better.
    if (this.points === paths.length && (!index || index.unique)) this.score += 500;
    // It holds only some of the documents that another index with the same bounds does.
    else if (index?.partial) this.score += 5;
    return this.candidate(spans, direction === -1, sortProvided, position);
  }

  private candidate(spans: readonly KeySpan[], reverse: boolean, sortProvided: boolean, position: number): Candidate {
    const { access } = this;
    const isPoint = !access.index && this.points === 1;
    const branch: ScanBranch = {
      index: access.index,
      kind: access.index ? 'IXSCAN' : isPoint ? 'IDHACK' : this.used.length > 0 ? 'CLUSTERED_IXSCAN' : 'COLLSCAN',
      spans: reverse && sortProvided ? [...spans].reverse() : spans,
      reverse: reverse && sortProvided,
      boundFields: access.paths.slice(0, Math.max(position, this.used.length > 0 ? 1 : 0)),
    };
    const multikey = access.multikey.includes(true);
    const covered =
      this.parts.complete &&
      this.parts.ors.length === 0 &&
      this.parts.predicates.every((predicate) => this.used.includes(predicate) && predicate.values.every(isExact));
    return {
      branches: [branch],
      exact: covered && !multikey,
      sortProvided,
      dedupe: multikey,
      score: this.score,
    };
  }

  /** Several spans keep the order when the sort starts with the very field whose points they are. */
  private onlyLeading(): boolean {
    return this.sort[0]?.[0] === this.access.paths[0] && this.points <= 1 && !this.pinned.has(0);
  }

  private candidatesFor(position: number, ops: readonly Predicate['op'][]): Predicate[] {
    const path = this.access.paths[position];
    return this.parts.predicates.filter(
      (predicate) =>
        predicate.path === path &&
        ops.includes(predicate.op) &&
        mayCombine(this.access, position, predicate, this.used),
    );
  }

  private takePoint(position: number): boolean {
    const direction = this.access.directions[position] ?? 1;
    const eq = this.candidatesFor(position, ['eq'])[0];
    const chosen = eq ?? this.candidatesFor(position, ['in'])[0];
    if (!chosen) return false;
    if (this.prefixes.length * chosen.values.length > MAX_POINTS) return false;
    this.prefixes = extendPrefixes(this.prefixes, chosen.values, direction);
    this.used.push(chosen);
    this.points++;
    if (chosen.values.length === 1) this.pinned.add(position);
    this.score += eq ? 100 : 80;
    return true;
  }

  private takeRange(position: number): void {
    const direction = this.access.directions[position] ?? 1;
    const all = this.candidatesFor(position, ['gt', 'gte', 'lt', 'lte']);
    const tied = all[0]?.element !== undefined && all.every((predicate) => predicate.element === all[0]?.element);
    const ranges = this.access.multikey[position] && !tied ? all.slice(0, 1) : all;
    if (ranges.length === 0) return;
    this.used.push(...ranges);
    this.score += 30 + 10 * Math.min(ranges.length, 2);
    this.spans = this.prefixes.flatMap((prefix) => rangeSpan(prefix, ranges, direction) ?? []);
  }
}

function hintedIndex(collection: Collection, hint: unknown): IndexDef | 'id' | 'natural' | undefined {
  if (hint === undefined || hint === null) return undefined;
  const isName = typeof hint === 'string';
  const keys = isName ? [] : Object.entries(hint as Document).map(([path, direction]) => [path, Number(direction)]);
  if (isName ? hint === '_id_' : keys.length === 1 && keys[0]?.[0] === '_id') return 'id';
  if (!isName && keys[0]?.[0] === '$natural') return 'natural';
  const found = collection.indexes.find((index) =>
    isName
      ? index.name === hint
      : index.paths.length === keys.length &&
        index.paths.every((path, i) => path === keys[i]?.[0] && index.directions[i] === keys[i]?.[1]),
  );
  if (!found) {
    throw commandError(
      'BadValue',
      'error processing query: planner returned error :: caused by :: hint provided does not correspond to an existing index',
    );
  }
  return found;
}

function collscan(collection: Collection, sort: SortSpec, exact: boolean): Plan {
  const byId = sort.length > 0 && sort[0]?.[0] === '_id';
  const branch: ScanBranch = {
    index: undefined,
    kind: 'COLLSCAN',
    spans: [spanOf(collection.id)],
    reverse: byId && sort[0]?.[1] === -1,
    boundFields: [],
  };
  return { branches: [branch], exact, sortProvided: sort.length === 0 || byId, dedupe: false };
}

function unionPlan(collection: Collection, shape: QueryShape, parts: Conjunction): Plan | undefined {
  for (const branches of parts.ors) {
    if (branches.length === 0 || branches.length > 64) continue;
    const plans = branches.map((branch) => bestIndexPlan(collection, withoutOr(shape.filter, branch), []));
    if (plans.every((plan): plan is Candidate => plan !== undefined && plan.score > 0)) {
      return {
        branches: plans.flatMap((plan) => plan.branches),
        exact: false,
        sortProvided: shape.sort.length === 0,
        dedupe: true,
      };
    }
  }
  return undefined;
}

/** The branch together with the conditions beside the `$or`; a top-level `$or` is all the planner unites. */
function withoutOr(filter: Document, branch: Document): Document {
  const rest: Document = {};
  for (const [name, value] of Object.entries(filter)) if (name !== '$or') rest[name] = value;
  return { $and: [rest, branch] };
}

function bestIndexPlan(collection: Collection, filter: Document, sort: SortSpec): Candidate | undefined {
  const parts = analyse(filter);
  const usable = collection.indexes.filter((index) => isUsable(index, parts, filter));
  let best: Candidate | undefined;
  for (const index of [undefined, ...usable]) {
    const found = new CandidateBuilder(accessOf(collection, index), parts, sort, false).build();
    if (found && (!best || found.score > best.score)) best = found;
  }
  return best;
}

/** Chooses how to answer a query. */
export function planQuery(collection: Collection, shape: QueryShape): Plan {
  const { filter, sort } = shape;
  const parts = analyse(filter);
  const hinted = hintedIndex(collection, shape.hint);
  const matchesAll = parts.complete && parts.predicates.length === 0 && parts.ors.length === 0;
  if (hinted === 'natural') return collscan(collection, sort, matchesAll);
  if (hinted !== undefined) {
    const index = hinted === 'id' ? undefined : hinted;
    if (index && !isUsable(index, parts, filter)) {
      throw commandError('BadValue', `the hinted index ${index.name} does not hold every document of this query`);
    }
    const plan = new CandidateBuilder(accessOf(collection, index), parts, sort, true).build();
    if (plan) return plan;
  }
  const best = bestIndexPlan(collection, filter, sort);
  if (best && best.score >= 30) return best;
  return unionPlan(collection, shape, parts) ?? best ?? collscan(collection, sort, matchesAll);
}
