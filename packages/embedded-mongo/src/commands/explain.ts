import { isDocument, type Document } from '../bson/values';
import { commandError } from '../errors';
import { compilePipeline } from '../pipeline/pipeline';
import { Query, type QuerySpec } from '../exec/query';
import type { ScanBranch } from '../plan/plan';
import { checkFields, documentOf, documentsOf, stringOf } from './arguments';
import type { Command, CommandContext } from './engine';
import { findSpec } from './read';

function branchStage(branch: ScanBranch): Document {
  const direction = branch.reverse ? 'backward' : 'forward';
  if (branch.kind === 'COLLSCAN') return { stage: 'COLLSCAN', direction };
  if (branch.kind === 'IDHACK') return { stage: 'IDHACK' };
  const { index } = branch;
  const scan: Document = {
    stage: 'IXSCAN',
    keyPattern: index ? index.spec['key'] : { _id: 1 },
    indexName: index?.name ?? '_id_',
    isMultiKey: index?.multikey.includes(true) ?? false,
    isUnique: index?.unique ?? true,
    isPartial: index?.partial !== undefined,
    direction,
    boundFields: [...branch.boundFields],
    spans: branch.spans.length,
  };
  return { stage: 'FETCH', inputStage: scan };
}

/** The plan in the words of MongoDB's explain. */
export function describePlan(query: Query, spec: QuerySpec): Document {
  const stages = query.plan.branches.map(branchStage);
  let stage: Document = stages.length === 1 && stages[0] ? stages[0] : { stage: 'OR', inputStages: stages };
  if (!query.plan.exact) stage = { ...stage, filter: spec.filter };
  if (!query.plan.sortProvided) stage = { stage: 'SORT', sortPattern: spec.sort, inputStage: stage };
  if (spec.skip) stage = { stage: 'SKIP', skipAmount: spec.skip, inputStage: stage };
  if (spec.limit) stage = { stage: 'LIMIT', limitAmount: spec.limit, inputStage: stage };
  return stage;
}

function specOf(name: string, command: Document): QuerySpec {
  switch (name) {
    case 'find':
      return findSpec(command);
    case 'count':
      return { filter: documentOf('count', command, 'query') ?? {}, hint: command['hint'] };
    case 'distinct':
      return { filter: documentOf('distinct', command, 'query') ?? {}, hint: command['hint'] };
    case 'aggregate': {
      return { ...compilePipeline(documentsOf('aggregate', command, 'pipeline')).query, hint: command['hint'] };
    }
    case 'findAndModify':
      return { filter: documentOf(name, command, 'query') ?? {}, sort: documentOf(name, command, 'sort'), limit: 1 };
    case 'update':
    case 'delete': {
      const [statement] = documentsOf(name, command, name === 'update' ? 'updates' : 'deletes');
      return { filter: documentOf(name, statement ?? {}, 'q') ?? {}, hint: statement?.['hint'] };
    }
    default:
      throw commandError('CommandNotSupported', `explain of '${name}' is not supported by this store`);
  }
}

function explain({ engine, db }: CommandContext, body: Document): Document {
  const command = body['explain'];
  if (!isDocument(command)) throw commandError('TypeMismatch', "'explain' has to be a command");
  checkFields('explain', body, ['verbosity']);
  const name = Object.keys(command)[0] ?? '';
  const ns = `${db}.${stringOf(name, command, name)}`;
  const spec = specOf(name, command);
  const collection = engine.catalog.get(ns);
  const base = { explainVersion: '1', serverInfo: { version: '7.0.0' }, ok: 1 };
  if (!collection) {
    const winningPlan = { stage: 'EOF' };
    const executionStats = { executionSuccess: true, nReturned: 0, totalKeysExamined: 0, totalDocsExamined: 0 };
    return { ...base, queryPlanner: { namespace: ns, winningPlan, rejectedPlans: [] }, executionStats };
  }
  const query = new Query(engine.storage, collection, spec);
  const winningPlan = describePlan(query, spec);
  const queryPlanner = { namespace: ns, parsedQuery: spec.filter, winningPlan, rejectedPlans: [] };
  if (body['verbosity'] === 'queryPlanner') return { ...base, queryPlanner };
  const started = Date.now();
  const nReturned = query.count();
  const executionStats = {
    executionSuccess: true,
    nReturned,
    executionTimeMillis: Date.now() - started,
    totalKeysExamined: query.plan.branches.some((branch) => branch.kind === 'COLLSCAN') ? 0 : query.stats.keys,
    totalDocsExamined: query.stats.docs,
    executionStages: winningPlan,
  };
  return { ...base, queryPlanner, executionStats };
}

/** How a query would be answered, and what it looks at. */
export const explainCommands: Readonly<Record<string, Command>> = {
  explain: { write: false, run: explain },
};
