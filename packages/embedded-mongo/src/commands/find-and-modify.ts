import type { Document } from '../bson/values';
import { isDocument } from '../bson/values';
import { commandError } from '../errors';
import { deleteMatching, updateMatching } from '../exec/modify';
import { compileProjection } from '../query/projection';
import { documentOf, flagOf, refuseLet, stringOf } from './arguments';
import type { Command, CommandContext } from './engine';
import { arrayFiltersOf } from './write';

const FIELDS = [
  ...['query', 'sort', 'remove', 'update', 'new', 'fields', 'upsert', 'arrayFilters', 'hint', 'collation', 'let'],
  'bypassDocumentValidation',
];

function run(context: CommandContext, body: Document): Document {
  const command = body['findAndModify'] === undefined ? 'findandmodify' : 'findAndModify';
  const name = stringOf(command, body, command);
  refuseLet(body);
  const query = documentOf(command, body, 'query') ?? {};
  const sort = documentOf(command, body, 'sort');
  const fields = documentOf(command, body, 'fields');
  const project = fields && Object.keys(fields).length > 0 ? compileProjection(fields) : (doc: Document) => doc;
  const returnNew = flagOf(command, body, 'new') ?? false;
  const upsert = flagOf(command, body, 'upsert') ?? false;
  if (flagOf(command, body, 'remove')) {
    if (body['update'] !== undefined || upsert || returnNew) {
      throw commandError('FailedToParse', "Cannot specify 'update', 'upsert' or 'new' together with 'remove'");
    }
    return runRemove(context, name, { filter: query, sort, hint: body['hint'] }, project);
  }
  const update = body['update'];
  if (!isDocument(update) && !Array.isArray(update))
    throw commandError('FailedToParse', 'Either an update or remove=true must be specified');
  const result = updateMatching(context.engine, context.db, name, {
    filter: query,
    update,
    multi: false,
    upsert,
    arrayFilters: arrayFiltersOf(body),
    hint: body['hint'],
    sort,
  });
  context.engine.opcounters.update++;
  const value = returnNew ? result.after : result.before;
  const lastErrorObject: Document = {
    n: result.matched + (result.upserted ? 1 : 0),
    updatedExisting: result.matched > 0,
  };
  if (result.upserted) lastErrorObject['upserted'] = result.upserted['_id'];
  return { lastErrorObject, value: value ? project(value) : null, ok: 1 };
}

function runRemove(
  { engine, db }: CommandContext,
  name: string,
  spec: { filter: Document; sort: Document | undefined; hint: unknown },
  project: (doc: Document) => Document,
): Document {
  let removed: Document | undefined;
  const n = deleteMatching(engine, engine.catalog.get(`${db}.${name}`), spec, true, (doc) => (removed = doc));
  engine.opcounters.delete++;
  return { lastErrorObject: { n }, value: removed ? project(removed) : null, ok: 1 };
}

/** `findAndModify` in both spellings. */
export const findAndModifyCommands: Readonly<Record<string, Command>> = {
  findAndModify: { write: true, fields: FIELDS, run },
  findandmodify: { write: true, fields: FIELDS, run },
};
