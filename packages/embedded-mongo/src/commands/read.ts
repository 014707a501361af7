import { Long } from 'bson';
import type { Document } from '../bson/values';
import { commandError } from '../errors';
import type { Query, QuerySpec } from '../exec/query';
import { Query as QueryRun } from '../exec/query';
import type { BatchSource } from '../exec/cursors';
import { compileFilter } from '../query/matcher';
import { compileProjection } from '../query/projection';
import { compileSort } from '../query/sort';
import { encodeCursorReply } from '../wire/raw';
import { countOf, cursorIdOf, deadlineOf, documentOf, flagOf, integerOf, refuseLet, stringOf } from './arguments';
import type { Command, CommandContext, Engine } from './engine';

const DEFAULT_BATCH = 101;

/** Plans a query; undefined when the collection does not exist. */
export function openQuery(engine: Engine, ns: string, spec: QuerySpec): Query | undefined {
  const collection = engine.catalog.get(ns);
  if (!collection) {
    // The answer is empty, but a query that is wrong must fail all the same.
    compileFilter(spec.filter);
    if (spec.sort && Object.keys(spec.sort).length > 0) compileSort(spec.sort);
    if (spec.projection && Object.keys(spec.projection).length > 0) compileProjection(spec.projection);
    return undefined;
  }
  const query = new QueryRun(engine.storage, collection, spec);
  if (query.plan.branches.some((branch) => branch.kind === 'COLLSCAN')) engine.collectionScans++;
  return query;
}

/** The reply with a first batch; keeps a cursor when something is left. */
export function firstBatch(
  engine: Engine,
  ns: string,
  source: BatchSource,
  options: { batchSize: number; single: boolean; query?: Query },
): Buffer {
  const batch = options.batchSize > 0 || options.single ? source.nextBatch(options.batchSize) : [];
  const id = source.done || options.single ? 0n : engine.cursors.open(ns, source, options.query);
  return encodeCursorReply('firstBatch', batch, id, ns);
}

const FIND_FIELDS = [
  ...['filter', 'sort', 'projection', 'hint', 'skip', 'limit', 'batchSize', 'singleBatch', 'collation', 'let'],
  ...['min', 'max', 'returnKey', 'showRecordId', 'tailable', 'awaitData', 'noCursorTimeout', 'allowDiskUse'],
  ...['oplogReplay', 'allowPartialResults'],
];

/** Reads a find command's query. */
export function findSpec(body: Document): QuerySpec & { batchSize: number; single: boolean } {
  for (const name of ['min', 'max', 'returnKey', 'showRecordId', 'tailable', 'awaitData', 'oplogReplay']) {
    if (body[name] !== undefined && body[name] !== false) {
      throw commandError('CommandNotSupported', `find with '${name}' is not supported by this store`);
    }
  }
  refuseLet(body);
  const limit = integerOf('find', body, 'limit') ?? 0;
  const batchSize = countOf('find', body, 'batchSize');
  const single = flagOf('find', body, 'singleBatch') === true || limit < 0;
  return {
    filter: documentOf('find', body, 'filter') ?? {},
    sort: documentOf('find', body, 'sort'),
    projection: documentOf('find', body, 'projection'),
    hint: body['hint'],
    skip: countOf('find', body, 'skip') ?? 0,
    limit: Math.abs(limit),
    deadline: deadlineOf('find', body),
    batchSize: batchSize ?? (single && limit !== 0 ? Math.abs(limit) : DEFAULT_BATCH),
    single,
  };
}

const EMPTY: BatchSource = { done: true, nextBatch: () => [] };

function find({ engine, db }: CommandContext, body: Document): Buffer {
  const ns = `${db}.${stringOf('find', body, 'find')}`;
  engine.opcounters.query++;
  const spec = findSpec(body);
  const query = openQuery(engine, ns, spec);
  if (!query) return firstBatch(engine, ns, EMPTY, spec);
  return firstBatch(engine, ns, query, { ...spec, query });
}

function getMore({ engine, db }: CommandContext, body: Document): Buffer {
  const ns = `${db}.${stringOf('getMore', body, 'collection')}`;
  const id = cursorIdOf(body['getMore']);
  const batchSize = countOf('getMore', body, 'batchSize');
  engine.opcounters.getmore++;
  const cursor = engine.cursors.get(id, ns);
  if (cursor.collectionId !== undefined && engine.catalog.get(ns)?.id !== cursor.collectionId) {
    engine.cursors.kill(id);
    throw commandError('QueryPlanKilled', `collection dropped: ${ns}`);
  }
  const batch = cursor.source.nextBatch(batchSize ? batchSize : Infinity, deadlineOf('getMore', body));
  if (cursor.source.done) engine.cursors.kill(id);
  return encodeCursorReply('nextBatch', batch, cursor.source.done ? 0n : id, ns);
}

function killCursors({ engine, db }: CommandContext, body: Document): Document {
  const ns = `${db}.${stringOf('killCursors', body, 'killCursors')}`;
  const ids = body['cursors'];
  if (!Array.isArray(ids)) throw commandError('TypeMismatch', "'cursors' has to be an array of cursor ids");
  const killed: Long[] = [];
  const notFound: Long[] = [];
  for (const value of ids) {
    const id = cursorIdOf(value);
    let found = true;
    try {
      engine.cursors.get(id, ns);
    } catch {
      found = false;
    }
    if (found) engine.cursors.kill(id);
    (found ? killed : notFound).push(Long.fromBigInt(id));
  }
  return { cursorsKilled: killed, cursorsNotFound: notFound, cursorsAlive: [], cursorsUnknown: [], ok: 1 };
}

function count({ engine, db }: CommandContext, body: Document): Document {
  const ns = `${db}.${stringOf('count', body, 'count')}`;
  engine.opcounters.query++;
  const query = openQuery(engine, ns, {
    filter: documentOf('count', body, 'query') ?? {},
    hint: body['hint'],
    skip: countOf('count', body, 'skip') ?? 0,
    limit: Math.abs(integerOf('count', body, 'limit') ?? 0),
    deadline: deadlineOf('count', body),
  });
  return { n: query ? query.count() : 0, ok: 1 };
}

/** Commands that read documents. */
export const readCommands: Readonly<Record<string, Command>> = {
  find: { write: false, fields: FIND_FIELDS, run: find },
  getMore: { write: false, fields: ['collection', 'batchSize'], run: getMore },
  killCursors: { write: false, fields: ['cursors'], run: killCursors },
  count: { write: false, fields: ['query', 'limit', 'skip', 'hint', 'collation', 'fields'], run: count },
};
