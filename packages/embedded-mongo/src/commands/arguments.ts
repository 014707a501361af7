import { bsonTag, bsonTypeOf, BsonType, isDocument, isNumber, typeName, type Document } from '../bson/values';
import { commandError } from '../errors';

/** Fields every command may carry; they do not change what it does here (one node, every write flushed). */
const GENERIC_FIELDS: ReadonlySet<string> = new Set([
  '$db',
  'lsid',
  '$clusterTime',
  '$readPreference',
  'readConcern',
  'writeConcern',
  'comment',
  'maxTimeMS',
  'apiVersion',
  'apiStrict',
  'apiDeprecationErrors',
  '$audit',
  '$client',
  '$configServerState',
]);

function wrong(command: string, name: string, value: unknown, expected: string): never {
  const message = `BSON field '${command}.${name}' is the wrong type '${typeName(value)}', expected type '${expected}'`;
  throw commandError('TypeMismatch', message);
}

/** Refuses fields that are not known, so that no option is silently ignored. */
export function checkFields(command: string, body: Document, known: readonly string[] | undefined): void {
  if (body['startTransaction'] !== undefined || body['txnNumber'] !== undefined || body['autocommit'] !== undefined) {
    throw commandError('IllegalOperation', 'Transaction numbers are only allowed on a replica set member or mongos');
  }
  if (known) {
    for (const name of Object.keys(body)) {
      if (name === command || GENERIC_FIELDS.has(name) || known.includes(name)) continue;
      throw commandError('UnrecognizedCommandField', `BSON field '${command}.${name}' is an unknown field.`);
    }
  }
  refuseCollation(body);
}

/** Only the simple collation exists here. */
export function refuseCollation(body: Document): void {
  const collation = body['collation'];
  if (collation === undefined || (isDocument(collation) && collation['locale'] === 'simple')) return;
  if (isDocument(collation) && Object.keys(collation).length === 0) return;
  throw commandError('CommandNotSupported', 'collations are not supported by this store');
}

/** Refuses a non-empty `let`. */
export function refuseLet(body: Document): void {
  const variables = body['let'];
  if (variables === undefined || (isDocument(variables) && Object.keys(variables).length === 0)) return;
  throw commandError('CommandNotSupported', "'let' is not supported by this store");
}

/** A required string. */
export function stringOf(command: string, body: Document, name: string): string {
  const value = body[name];
  if (typeof value !== 'string') return wrong(command, name, value, 'string');
  return value;
}

/** An optional document. */
export function documentOf(command: string, body: Document, name: string): Document | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (!isDocument(value) || bsonTag(value) !== null) return wrong(command, name, value, 'object');
  return value;
}

/** An array of documents, required. */
export function documentsOf(command: string, body: Document, name: string): Document[] {
  const value = body[name];
  if (!Array.isArray(value)) {
    if (value === undefined) {
      throw commandError('FailedToParse', `BSON field '${command}.${name}' is missing but a required field`);
    }
    return wrong(command, name, value, 'array');
  }
  return value.map((item: unknown, i) => {
    if (!isDocument(item)) return wrong(command, `${name}.${i}`, item, 'object');
    return item;
  });
}

/** An optional number that has to be an integer. */
export function integerOf(command: string, body: Document, name: string): number | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (!isNumber(value)) return wrong(command, name, value, 'long');
  const number = Number(String(value));
  if (!Number.isFinite(number)) throw commandError('FailedToParse', `'${name}' has to be a finite number`);
  return Math.trunc(number);
}

/** An optional integer that must not be negative. */
export function countOf(command: string, body: Document, name: string): number | undefined {
  const value = integerOf(command, body, name);
  if (value !== undefined && value < 0) {
    throw commandError('BadValue', `BSON field '${name}' value must be >= 0, actual value '${value}'`);
  }
  return value;
}

/** An optional flag; numbers count as in MongoDB's safe booleans. */
export function flagOf(command: string, body: Document, name: string): boolean | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean') return value;
  if (isNumber(value)) return Number(String(value)) !== 0;
  return wrong(command, name, value, 'bool');
}

/** When a command with `maxTimeMS` has to give up. */
export function deadlineOf(command: string, body: Document): number | undefined {
  const limit = countOf(command, body, 'maxTimeMS');
  return limit ? Date.now() + limit : undefined;
}

/** An int64 cursor id. */
export function cursorIdOf(value: unknown): bigint {
  if (bsonTypeOf(value) !== BsonType.long && !isNumber(value)) {
    throw commandError('TypeMismatch', `a cursor id has to be of type 'long', not '${typeName(value)}'`);
  }
  return BigInt(String(value));
}
