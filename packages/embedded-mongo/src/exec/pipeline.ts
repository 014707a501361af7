import { Int32 } from 'bson';
import { isDocument, isNumber, type Document } from '../bson/values';
import { commandError } from '../errors';
import { compileFilter } from '../query/matcher';
import { compileProjection } from '../query/projection';
import { compileSort } from '../query/sort';
import { encode } from '../wire/raw';
import { compileGroup } from './group';
import { MEMORY_LIMIT_BYTES, type QuerySpec } from './query';

/** A pipeline split into what one query can do and what remains for memory. */
export interface Pipeline {
  readonly query: Pick<QuerySpec, 'filter' | 'sort' | 'skip' | 'limit' | 'projection'>;
  readonly rest: readonly Stage[];
  /** Set when the pipeline is what `countDocuments` sends. */
  readonly countAs: { readonly id: unknown; readonly field: string } | undefined;
}

type Stage = (docs: Iterable<Document>) => Iterable<Document>;

function integer(stage: string, value: unknown, least: number): number {
  const number = isNumber(value) ? Number(String(value)) : NaN;
  if (!Number.isInteger(number) || number < least) {
    throw commandError('FailedToParse', `the ${stage} stage needs an integer of at least ${least}`);
  }
  return number;
}

function objectOf(stage: string, value: unknown): Document {
  if (!isDocument(value)) throw commandError('FailedToParse', `the ${stage} stage needs an object`);
  return value;
}

/** What a stage may hold in memory before the next one sees it. */
function* limited(docs: Iterable<Document>): Generator<Document> {
  let bytes = 0;
  for (const doc of docs) {
    bytes += encode(doc).length;
    if (bytes > MEMORY_LIMIT_BYTES) {
      throw commandError('ExceededMemoryLimit', `an aggregation stage exceeded ${MEMORY_LIMIT_BYTES} bytes`);
    }
    yield doc;
  }
}

function* slice(docs: Iterable<Document>, skip: number, limit: number): Generator<Document> {
  let seen = 0;
  for (const doc of docs) {
    if (seen++ < skip) continue;
    if (seen - skip > limit) return;
    yield doc;
    if (seen - skip === limit) return;
  }
}

function* mapped(docs: Iterable<Document>, change: (doc: Document) => Document): Generator<Document> {
  for (const doc of docs) yield change(doc);
}

function* filtered(docs: Iterable<Document>, test: (doc: Document) => boolean): Generator<Document> {
  for (const doc of docs) if (test(doc)) yield doc;
}

function countStage(field: unknown): Stage {
  if (typeof field !== 'string' || field === '' || field.startsWith('$') || field.includes('.')) {
    throw commandError('FailedToParse', 'the $count stage needs a field name');
  }
  return (docs) => {
    const n = [...docs].length;
    return n > 0 ? [{ [field]: new Int32(n) }] : [];
  };
}

function compileStage(name: string, value: unknown): Stage {
  switch (name) {
    case '$match': {
      const test = compileFilter(objectOf(name, value));
      return (docs) => filtered(docs, test);
    }
    case '$sort': {
      const compare = compileSort(objectOf(name, value));
      return (docs) => [...limited(docs)].sort(compare);
    }
    case '$skip': {
      const n = integer(name, value, 0);
      return (docs) => slice(docs, n, Infinity);
    }
    case '$limit': {
      const n = integer(name, value, 1);
      return (docs) => slice(docs, 0, n);
    }
    case '$project': {
      const project = compileProjection(objectOf(name, value));
      return (docs) => mapped(docs, project);
    }
    case '$group':
      return compileGroup(value);
    case '$count':
      return countStage(value);
    default:
      throw commandError(
        'UnrecognizedStage',
        `Unrecognized pipeline stage name: '${name}', or not supported by this store`,
      );
  }
}

function parse(stages: readonly Document[]): [string, unknown][] {
  return stages.map((stage) => {
    const entries = Object.entries(stage);
    const [entry] = entries;
    if (!entry || entries.length !== 1) {
      throw commandError(
        'PipelineStageOneField',
        'A pipeline stage specification object must contain exactly one field.',
      );
    }
    return entry;
  });
}

/** True for `{ _id: <constant>, n: { $sum: 1 } }`, the group of `countDocuments`. */
function countGroup(entry: [string, unknown] | undefined): Pipeline['countAs'] {
  if (entry?.[0] !== '$group' || !isDocument(entry[1])) return undefined;
  const fields = Object.entries(entry[1]);
  const [id, column] = fields;
  if (fields.length !== 2 || id?.[0] !== '_id' || !column || !isDocument(column[1])) return undefined;
  if (id[1] !== null && !isNumber(id[1])) return undefined;
  const sum = Object.entries(column[1]);
  const isOne = sum.length === 1 && sum[0]?.[0] === '$sum' && sum[0][1] instanceof Int32 && sum[0][1].value === 1;
  return isOne ? { id: id[1], field: column[0] } : undefined;
}

/** Compiles a pipeline; leading `$match`, `$sort`, `$skip` and `$limit` become one query with its index plan. */
export function compilePipeline(stages: readonly Document[]): Pipeline {
  const entries = parse(stages);
  const compiled = entries.map(([name, value]) => compileStage(name, value));
  const filters: Document[] = [];
  const query: { sort?: Document; skip?: number; limit?: number } = {};
  let at = 0;
  for (; entries[at]?.[0] === '$match'; at++) filters.push(entries[at]?.[1] as Document);
  if (entries[at]?.[0] === '$sort') query.sort = entries[at++]?.[1] as Document;
  if (entries[at]?.[0] === '$skip') query.skip = Number(String(entries[at++]?.[1]));
  if (entries[at]?.[0] === '$limit') query.limit = Number(String(entries[at++]?.[1]));
  const filter = filters.length === 1 && filters[0] ? filters[0] : filters.length === 0 ? {} : { $and: filters };
  const countAs = entries.length === at + 1 ? countGroup(entries[at]) : undefined;
  return { query: { ...query, filter }, rest: compiled.slice(at), countAs };
}
