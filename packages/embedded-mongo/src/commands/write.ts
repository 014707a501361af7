import type { Document } from '../bson/values';
import { bsonTag, isDocument } from '../bson/values';
import type { Collection } from '../catalog/catalog';
import { CommandError, commandError } from '../errors';
import { encode } from '../wire/raw';
import { deleteMatching, updateMatching, type UpdateSpec } from '../exec/modify';
import {
  checkFields,
  documentOf,
  documentsOf,
  flagOf,
  integerOf,
  refuseCollation,
  refuseLet,
  stringOf,
} from './arguments';
import type { Command, CommandContext } from './engine';

const MAX_BATCH = 100_000;

interface WriteError {
  readonly index: number;
  readonly code: number;
  readonly errmsg: string;
  readonly [extra: string]: unknown;
}

/** A failed statement as `writeErrors` carries it; what is not a `CommandError` aborts the whole turn instead. */
function writeError(index: number, error: unknown): WriteError {
  if (!(error instanceof CommandError)) throw error;
  return { index, code: error.code, ...error.extra, errmsg: error.message };
}

function checkBatch(size: number): void {
  if (size < 1 || size > MAX_BATCH) {
    throw commandError(
      'InvalidLength',
      `Write batch sizes must be between 1 and ${MAX_BATCH}. Got ${size} operations.`,
    );
  }
}

/** Runs the statements of one write command; ordered ones stop at the first error. */
function runAll(count: number, ordered: boolean, run: (index: number) => void): WriteError[] {
  const errors: WriteError[] = [];
  for (let i = 0; i < count; i++) {
    try {
      run(i);
    } catch (error) {
      errors.push(writeError(i, error));
      if (ordered) break;
    }
  }
  return errors;
}

function withErrors(reply: Document, errors: readonly WriteError[]): Document {
  return errors.length > 0 ? { ...reply, writeErrors: errors, ok: 1 } : { ...reply, ok: 1 };
}

function rawDocuments(body: Document): Buffer[] {
  const documents = body['documents'];
  if (!Array.isArray(documents)) throw commandError('TypeMismatch', "BSON field 'insert.documents' has to be an array");
  return documents.map((item: unknown) => {
    if (item instanceof Uint8Array) return Buffer.from(item.buffer, item.byteOffset, item.byteLength);
    if (isDocument(item) && bsonTag(item) === null) return encode(item);
    throw commandError('TypeMismatch', "BSON field 'insert.documents' has to hold documents");
  });
}

function insert({ engine, db }: CommandContext, body: Document): Document {
  const documents = rawDocuments(body);
  checkBatch(documents.length);
  const ordered = flagOf('insert', body, 'ordered') ?? true;
  const collection = engine.catalog.ensure(db, stringOf('insert', body, 'insert'));
  let n = 0;
  const errors = runAll(documents.length, ordered, (i) => {
    const raw = documents[i];
    if (!raw) return;
    engine.writer.insertRaw(collection, raw);
    n++;
  });
  engine.opcounters.insert += n;
  return withErrors({ n }, errors);
}

const UPDATE_FIELDS = ['q', 'u', 'multi', 'upsert', 'arrayFilters', 'hint', 'collation', 'c'];

function updateSpec(statement: Document): UpdateSpec {
  checkFields('update.updates', statement, UPDATE_FIELDS);
  if (statement['c'] !== undefined) throw commandError('CommandNotSupported', "update with 'c' is not supported");
  const update = statement['u'];
  if (!isDocument(update) && !Array.isArray(update)) {
    throw commandError('FailedToParse', 'Update argument must be either an object or an array');
  }
  return {
    filter: documentOf('update.updates', statement, 'q') ?? {},
    update,
    multi: flagOf('update.updates', statement, 'multi') ?? false,
    upsert: flagOf('update.updates', statement, 'upsert') ?? false,
    arrayFilters: arrayFiltersOf(statement),
    hint: statement['hint'],
  };
}

/** The `arrayFilters` of an update. */
export function arrayFiltersOf(statement: Document): Document[] | undefined {
  return statement['arrayFilters'] === undefined ? undefined : documentsOf('update', statement, 'arrayFilters');
}

function update({ engine, db }: CommandContext, body: Document): Document {
  refuseLet(body);
  const statements = documentsOf('update', body, 'updates');
  checkBatch(statements.length);
  const name = stringOf('update', body, 'update');
  const ordered = flagOf('update', body, 'ordered') ?? true;
  const upserted: Document[] = [];
  let n = 0;
  let nModified = 0;
  const errors = runAll(statements.length, ordered, (i) => {
    const spec = updateSpec(statements[i] ?? {});
    const result = updateMatching(engine, db, name, spec);
    engine.opcounters.update++;
    n += result.matched + (result.upserted ? 1 : 0);
    nModified += result.modified;
    if (result.upserted) upserted.push({ index: i, _id: result.upserted['_id'] });
  });
  const reply: Document = { n, nModified };
  if (upserted.length > 0) reply['upserted'] = upserted;
  return withErrors(reply, errors);
}

function remove({ engine, db }: CommandContext, body: Document): Document {
  refuseLet(body);
  const statements = documentsOf('delete', body, 'deletes');
  checkBatch(statements.length);
  const ns = `${db}.${stringOf('delete', body, 'delete')}`;
  const collection: Collection | undefined = engine.catalog.get(ns);
  const ordered = flagOf('delete', body, 'ordered') ?? true;
  let n = 0;
  const errors = runAll(statements.length, ordered, (i) => {
    const statement = statements[i] ?? {};
    checkFields('delete.deletes', statement, ['q', 'limit', 'hint', 'collation']);
    refuseCollation(statement);
    const limit = integerOf('delete.deletes', statement, 'limit');
    if (limit !== 0 && limit !== 1) {
      throw commandError('FailedToParse', `The limit field in delete objects must be 0 or 1. Got ${String(limit)}`);
    }
    engine.opcounters.delete++;
    const filter = documentOf('delete.deletes', statement, 'q') ?? {};
    n += deleteMatching(engine, collection, { filter, hint: statement['hint'] }, limit === 1);
  });
  return withErrors({ n }, errors);
}

const BATCH_FIELDS = ['ordered', 'bypassDocumentValidation', 'let'];

/** Commands that write documents. */
export const writeCommands: Readonly<Record<string, Command>> = {
  insert: { write: true, fields: [...BATCH_FIELDS, 'documents'], run: insert },
  update: { write: true, fields: [...BATCH_FIELDS, 'updates'], run: update },
  delete: { write: true, fields: [...BATCH_FIELDS, 'deletes'], run: remove },
};
