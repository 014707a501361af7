import { Int32 } from 'bson';
import { isDocument, isNumber, type Document } from '../bson/values';
import { CommandError, commandError } from '../errors';
import type { QuerySpec } from '../exec/query';
import { compileFilter } from '../query/matcher';
import { compileSort } from '../query/sort';
import { compileDocumentStage } from './document-stages';
import { compileGroup } from './group';
import { compileFacet, compileLookup } from './lookup';
import { StageMemory } from './memory';
import type { Stage } from './stage';
import { compileUnwind } from './unwind';

/** A pipeline split into what one query can do and what remains for memory. */
export interface Pipeline {
  readonly query: Pick<QuerySpec, 'filter' | 'sort' | 'skip' | 'limit' | 'projection'>;
  readonly rest: readonly Stage[];
  /** Set when the pipeline is what `countDocuments` sends. */
  readonly countAs: { readonly id: unknown; readonly field: string } | undefined;
}

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

/** What a stage holds in memory before the next one sees it. */
function* kept(docs: Iterable<Document>): Generator<Document> {
  const memory = new StageMemory();
  for (const doc of docs) {
    memory.keep(doc);
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
  const counting = compileGroup({ _id: null, n: { $sum: new Int32(1) } });
  return (docs) => {
    const [group] = counting(docs);
    return group ? [{ [field]: group['n'] }] : [];
  };
}

const STAGES: Readonly<Record<string, (value: unknown) => Stage>> = {
  $match: (value) => {
    const test = compileFilter(objectOf('$match', value));
    return (docs) => filtered(docs, test);
  },
  $sort: (value) => {
    const compare = compileSort(objectOf('$sort', value));
    return (docs) => [...kept(docs)].sort(compare);
  },
  $skip: (value) => {
    const n = integer('$skip', value, 0);
    return (docs) => slice(docs, n, Infinity);
  },
  $limit: (value) => {
    const n = integer('$limit', value, 1);
    return (docs) => slice(docs, 0, n);
  },
  $group: (value) => {
    const group = compileGroup(value);
    return (docs) => group(docs);
  },
  $count: countStage,
  $unwind: (value) => compileUnwind(value),
  $lookup: (value) => compileLookup(value, compileStages),
  $facet: (value) => {
    const facet = compileFacet(value, compileStages);
    return (docs, source) => facet(kept(docs), source);
  },
  $sortByCount: (value) => {
    const group = compileGroup({ _id: value, count: { $sum: new Int32(1) } });
    const compare = compileSort({ count: new Int32(-1) });
    return (docs) => group(docs).sort(compare);
  },
};

function compileStage(name: string, value: unknown): Stage {
  const change = compileDocumentStage(name, value);
  if (change) return (docs) => mapped(docs, change);
  if (Object.hasOwn(STAGES, name)) return STAGES[name]!(value);
  if (name === '$changeStream') {
    throw new CommandError(40573, 'Location40573', 'The $changeStream stage is only supported on replica sets');
  }
  const message = `Unrecognized pipeline stage name: '${name}', or not supported by this store`;
  throw commandError('UnrecognizedStage', message);
}

/** Compiles a whole pipeline into one stage, for `$facet` and `$lookup`. */
function compileStages(stages: unknown): Stage {
  if (!Array.isArray(stages)) throw commandError('TypeMismatch', "'pipeline' option must be specified as an array");
  const compiled = parse(stages as Document[]).map(([name, value]) => compileStage(name, value));
  return (docs, source) => compiled.reduce((input, stage) => stage(input, source), docs);
}

function parse(stages: readonly Document[]): [string, unknown][] {
  return stages.map((stage) => {
    if (!isDocument(stage)) throw commandError('TypeMismatch', 'Each element of the pipeline array must be an object');
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
