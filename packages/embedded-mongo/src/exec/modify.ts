import { ObjectId } from 'bson';
import type { Document } from '../bson/values';
import type { Collection } from '../catalog/catalog';
import type { Engine } from '../commands/engine';
import { compileUpdate, seedFromFilter } from '../update/update';
import { compileFilter } from '../query/matcher';
import { commandError } from '../errors';
import { decode } from '../wire/raw';
import { Query, type Match, type QuerySpec } from './query';

/** One statement of an update command. */
export interface UpdateSpec {
  readonly filter: Document;
  readonly update: Document | readonly unknown[];
  readonly multi: boolean;
  readonly upsert: boolean;
  readonly arrayFilters: Document[] | undefined;
  readonly hint?: unknown;
  readonly sort?: Document | undefined;
}

/** What an update did. */
export interface UpdateResult {
  readonly matched: number;
  readonly modified: number;
  readonly upserted: Document | undefined;
  /** The single document before and after, for findAndModify. */
  readonly before: Document | undefined;
  readonly after: Document | undefined;
}

/** The matches of a write: all of them before the first write, so that a scan never meets its own work. */
function matchesOf(engine: Engine, collection: Collection, spec: QuerySpec, single: boolean): Match[] {
  const query = new Query(engine.storage, collection, spec);
  if (query.plan.branches.some((branch) => branch.kind === 'COLLSCAN')) engine.collectionScans++;
  return query.take(single ? 1 : Infinity);
}

function withId(doc: Document): Document {
  const id = Object.hasOwn(doc, '_id') ? doc['_id'] : new ObjectId();
  const out: Document = { _id: id };
  return Object.assign(out, doc, { _id: id });
}

/** Updates what a filter matches, or inserts the document it describes. */
export function updateMatching(engine: Engine, db: string, name: string, spec: UpdateSpec): UpdateResult {
  const compiled = compileUpdate(spec.update, { arrayFilters: spec.arrayFilters ?? [], filter: spec.filter });
  if (compiled.isReplacement && spec.multi) {
    throw commandError('FailedToParse', 'multi update is not supported for replacement-style update');
  }
  if (compiled.isReplacement && spec.arrayFilters) {
    throw commandError('FailedToParse', 'arrayFilters may not be specified for a replacement-style update');
  }
  const now = new Date();
  const existing = engine.catalog.get(`${db}.${name}`);
  if (!existing) compileFilter(spec.filter);
  const querySpec: QuerySpec = { filter: spec.filter, hint: spec.hint, sort: spec.sort };
  const matches = existing ? matchesOf(engine, existing, querySpec, !spec.multi) : [];
  let modified = 0;
  let before: Document | undefined;
  let after: Document | undefined;
  for (const match of matches) {
    const current = match.doc ?? decode(match.raw);
    const result = compiled.apply(current, { isInsert: false, now });
    before = current;
    after = result.doc;
    if (!result.modified || !existing) continue;
    engine.writer.replace(existing, match.idKey, current, result.doc);
    modified++;
  }
  if (matches.length > 0 || !spec.upsert) {
    return { matched: matches.length, modified, upserted: undefined, before, after };
  }
  const seed = seedFromFilter(spec.filter);
  const upserted = withId(compiled.apply(seed, { isInsert: true, now }).doc);
  engine.writer.insertDocument(engine.catalog.ensure(db, name), upserted);
  return { matched: 0, modified: 0, upserted, before: undefined, after: upserted };
}

/** Deletes one or all documents a filter matches; returns how many. */
export function deleteMatching(
  engine: Engine,
  collection: Collection | undefined,
  spec: QuerySpec,
  single: boolean,
  onDelete?: (doc: Document) => void,
): number {
  if (!collection) {
    compileFilter(spec.filter);
    return 0;
  }
  const matches = matchesOf(engine, collection, spec, single);
  for (const match of matches) {
    const doc = match.doc ?? decode(match.raw);
    engine.writer.remove(collection, match.idKey, doc);
    onDelete?.(doc);
  }
  return matches.length;
}
