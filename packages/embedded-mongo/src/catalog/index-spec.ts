import { Int32 } from 'bson';
import { bsonTag, isDocument, isNumber, type Document } from '../bson/values';
import { commandError } from '../errors';
import { compileFilter } from '../query/matcher';
import { encode } from '../wire/raw';
import type { Collection, IndexDef } from './catalog';

const OPTIONS: ReadonlySet<string> = new Set([
  ...['key', 'name', 'unique', 'sparse', 'partialFilterExpression', 'expireAfterSeconds', 'background', 'v', 'ns'],
  'collation',
]);

function checkKey(key: Document): void {
  const fields = Object.entries(key);
  if (fields.length === 0) throw commandError('CannotCreateIndex', 'Index keys cannot be empty.');
  if (fields.length > 32) throw commandError('CannotCreateIndex', 'Index key pattern has too many fields, at most 32');
  for (const [path, direction] of fields) {
    if (path === '' || path.split('.').includes('')) {
      throw commandError('CannotCreateIndex', `Index keys cannot contain an empty field: '${path}'`);
    }
    if (path.startsWith('$') || path.includes('$**')) {
      throw commandError('CannotCreateIndex', `the index field '${path}' is not supported by this store`);
    }
    if (typeof direction === 'string') {
      throw commandError('CannotCreateIndex', `indexes of type '${direction}' are not supported by this store`);
    }
    if (!isNumber(direction) || !(Math.abs(Number(String(direction))) > 0)) {
      throw commandError('CannotCreateIndex', `Values in the index key pattern cannot be 0 or of this type: '${path}'`);
    }
  }
}

/** The operators MongoDB allows in a partial index. */
const PARTIAL_OPERATORS: ReadonlySet<string> = new Set([
  '$eq',
  '$exists',
  '$gt',
  '$gte',
  '$lt',
  '$lte',
  '$type',
  '$in',
]);

function checkPartial(expression: Document): void {
  for (const [name, condition] of Object.entries(expression)) {
    if (name === '$and' && Array.isArray(condition)) {
      for (const part of condition) checkPartial(part as Document);
    } else if (name.startsWith('$')) {
      throw commandError('CannotCreateIndex', `unsupported expression in partial index: ${name}`);
    } else if (isDocument(condition) && bsonTag(condition) === null) {
      for (const [op, operand] of Object.entries(condition)) {
        if (!op.startsWith('$')) break;
        if (!PARTIAL_OPERATORS.has(op) || (op === '$exists' && operand === false)) {
          throw commandError('CannotCreateIndex', `unsupported expression in partial index: ${op}`);
        }
      }
    }
  }
  compileFilter(expression);
}

function checkTtl(seconds: unknown, key: Document): void {
  const value = isNumber(seconds) ? Number(String(seconds)) : NaN;
  if (!(value >= 0 && value <= 2_147_483_647)) {
    throw commandError('CannotCreateIndex', "TTL index 'expireAfterSeconds' option must be within an acceptable range");
  }
  const paths = Object.keys(key);
  if (paths.length !== 1 || paths[0] === '_id') {
    throw commandError('CannotCreateIndex', 'TTL indexes are single-field indexes and not on _id');
  }
}

function defaultName(key: Document): string {
  return Object.entries(key)
    .map(([path, direction]) => `${path}_${String(direction)}`)
    .join('_');
}

/** Checks a specification as it came and brings it into the form that is stored and listed. */
export function normaliseSpec(received: Document): Document {
  for (const [option, value] of Object.entries(received)) {
    if (OPTIONS.has(option)) continue;
    if (option === 'hidden' && value === false) continue;
    throw commandError('CannotCreateIndex', `the index option '${option}' is not supported by this store`);
  }
  const key = received['key'];
  if (!isDocument(key))
    throw commandError('FailedToParse', "The 'key' field is a required property of an index specification");
  checkKey(key);
  const name = received['name'] === undefined ? defaultName(key) : received['name'];
  if (typeof name !== 'string' || name === '' || name === '*')
    throw commandError('CannotCreateIndex', 'index name is invalid');
  const spec: Document = { v: new Int32(2), key, name };
  if (isTrue(received['unique'])) spec['unique'] = true;
  if (isTrue(received['sparse'])) spec['sparse'] = true;
  const partial = received['partialFilterExpression'];
  if (partial !== undefined) {
    if (!isDocument(partial)) throw commandError('CannotCreateIndex', "'partialFilterExpression' has to be a document");
    if (spec['sparse'])
      throw commandError('CannotCreateIndex', "cannot mix 'partialFilterExpression' and 'sparse' options");
    checkPartial(partial);
    spec['partialFilterExpression'] = partial;
  }
  if (received['expireAfterSeconds'] !== undefined) {
    checkTtl(received['expireAfterSeconds'], key);
    spec['expireAfterSeconds'] = received['expireAfterSeconds'];
  }
  const collation = received['collation'];
  if (collation !== undefined && !(isDocument(collation) && collation['locale'] === 'simple')) {
    throw commandError('CannotCreateIndex', 'index collations are not supported by this store');
  }
  return spec;
}

function isTrue(value: unknown): boolean {
  return value === true || (isNumber(value) && Number(String(value)) !== 0);
}

/** True for the specification of the index on `_id`, which always exists. */
export function isIdSpec(spec: Document): boolean {
  const paths = Object.entries(spec['key'] as Document);
  return paths.length === 1 && paths[0]?.[0] === '_id' && Number(String(paths[0]?.[1])) === 1;
}

function sameBytes(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === b;
  return encode({ v: a }).equals(encode({ v: b }));
}

function keyText(key: Document): string {
  return JSON.stringify(Object.entries(key).map(([path, direction]) => [path, Number(String(direction))]));
}

function sameOptions(a: Document, b: Document): boolean {
  return (
    a['unique'] === b['unique'] &&
    a['sparse'] === b['sparse'] &&
    String(a['expireAfterSeconds']) === String(b['expireAfterSeconds']) &&
    sameBytes(a['partialFilterExpression'], b['partialFilterExpression'])
  );
}

/** The existing index a specification asks for again; a conflicting one is an error, as in MongoDB. */
export function findExisting(collection: Collection, spec: Document): IndexDef | undefined {
  for (const index of collection.indexes) {
    const sameKey = keyText(index.spec['key'] as Document) === keyText(spec['key'] as Document);
    const sameName = index.name === spec['name'];
    if (sameName && sameKey) {
      if (sameOptions(index.spec, spec)) return index;
      throw commandError(
        'IndexKeySpecsConflict',
        `An existing index has the same name as the requested index but other options: ${index.name}`,
      );
    }
    if (sameName) {
      throw commandError(
        'IndexKeySpecsConflict',
        `An existing index has the same name as the requested index: ${index.name}`,
      );
    }
    // MongoDB lets indexes on the same key differ by their partial filter only.
    if (!sameKey || !sameBytes(index.spec['partialFilterExpression'], spec['partialFilterExpression'])) continue;
    const message = sameOptions(index.spec, spec)
      ? `Index already exists with a different name: ${index.name}`
      : `An equivalent index already exists with the name ${index.name} but other options`;
    throw commandError('IndexOptionsConflict', message);
  }
  return undefined;
}
