import { Int32, Long } from 'bson';
import { encodeValue } from '../bson/keystring';
import { isNumber, type Document } from '../bson/values';
import { commandError } from '../errors';
import { ListSource } from '../exec/cursors';
import { compilePipeline } from '../pipeline/pipeline';
import { BATCH_LIMIT_BYTES, type Query } from '../exec/query';
import { MEMORY_LIMIT_BYTES } from '../pipeline/memory';
import { valuesAt } from '../query/path';
import { decode, encode } from '../wire/raw';
import { countOf, deadlineOf, documentOf, documentsOf, refuseLet, stringOf } from './arguments';
import type { Command, CommandContext } from './engine';
import { firstBatch, openQuery } from './read';

function* documentsFrom(query: Query | undefined): Generator<Document> {
  while (query && !query.done) for (const match of query.take(256)) yield match.doc ?? decode(match.raw);
}

function numberOf(n: number): Int32 | Long {
  return n < 2 ** 31 ? new Int32(n) : Long.fromNumber(n);
}

function encodeAll(docs: Iterable<Document>): Buffer[] {
  const out: Buffer[] = [];
  let bytes = 0;
  for (const doc of docs) {
    const raw = encode(doc);
    bytes += raw.length;
    if (bytes > MEMORY_LIMIT_BYTES) {
      throw commandError('ExceededMemoryLimit', `the aggregation's result exceeded ${MEMORY_LIMIT_BYTES} bytes`);
    }
    out.push(raw);
  }
  return out;
}

function aggregate({ engine, db }: CommandContext, body: Document): Buffer {
  const target = body['aggregate'];
  if (isNumber(target)) {
    throw commandError('CommandNotSupported', 'aggregations of a whole database are not supported by this store');
  }
  if (body['explain'] === true) throw commandError('CommandNotSupported', "aggregate with 'explain' is not supported");
  refuseLet(body);
  const ns = `${db}.${stringOf('aggregate', body, 'aggregate')}`;
  const pipeline = compilePipeline(documentsOf('aggregate', body, 'pipeline'));
  const cursor = documentOf('aggregate', body, 'cursor');
  if (!cursor)
    throw commandError('FailedToParse', "The 'cursor' option is required, except for aggregate with explain");
  const batchSize = countOf('aggregate', cursor, 'batchSize') ?? 101;
  const spec = { ...pipeline.query, hint: body['hint'], deadline: deadlineOf('aggregate', body) };
  engine.opcounters.query++;
  const query = openQuery(engine, ns, spec);
  if (pipeline.countAs) {
    const n = query ? query.count() : 0;
    const docs = n > 0 ? [encode({ _id: pipeline.countAs.id, [pipeline.countAs.field]: numberOf(n) })] : [];
    return firstBatch(engine, ns, new ListSource(docs, BATCH_LIMIT_BYTES), { batchSize, single: false });
  }
  if (pipeline.rest.length === 0 && query) return firstBatch(engine, ns, query, { batchSize, single: false, query });
  let docs: Iterable<Document> = documentsFrom(query);
  const source = {
    find: (name: string, filter: Document) => documentsFrom(openQuery(engine, `${db}.${name}`, { filter })),
  };
  for (const stage of pipeline.rest) docs = stage(docs, source);
  return firstBatch(engine, ns, new ListSource(encodeAll(docs), BATCH_LIMIT_BYTES), { batchSize, single: false });
}

function distinct({ engine, db }: CommandContext, body: Document): Document {
  const ns = `${db}.${stringOf('distinct', body, 'distinct')}`;
  const path = stringOf('distinct', body, 'key');
  const query = openQuery(engine, ns, {
    filter: documentOf('distinct', body, 'query') ?? {},
    hint: body['hint'],
    deadline: deadlineOf('distinct', body),
  });
  const values = new Map<string, unknown>();
  for (const doc of documentsFrom(query)) {
    const found = valuesAt(doc, path);
    for (const value of found) {
      // An array is shown by its elements and then as itself: only the elements count, as in MongoDB.
      if (value === undefined || (Array.isArray(value) && found.length > 1) || typeof value === 'symbol') continue;
      if (Array.isArray(value) && value.length === 0) continue;
      values.set(encodeValue(value).toString('latin1'), value);
    }
  }
  const sorted = [...values.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
  return { values: sorted, ok: 1 };
}

/** Commands that compute over documents. */
export const aggregateCommands: Readonly<Record<string, Command>> = {
  aggregate: {
    write: false,
    fields: ['pipeline', 'cursor', 'explain', 'allowDiskUse', 'hint', 'collation', 'let', 'bypassDocumentValidation'],
    run: aggregate,
  },
  distinct: { write: false, fields: ['key', 'query', 'hint', 'collation'], run: distinct },
};
