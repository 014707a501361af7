import { Binary, BSONRegExp, Decimal128, Double, Int32, Long, ObjectId, Timestamp } from 'bson';
import { commandError, type CommandError } from '../errors';
import type { Document } from '../bson/values';

function show(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof ObjectId) return `ObjectId('${value.toHexString()}')`;
  if (value instanceof Int32 || value instanceof Long || value instanceof Decimal128) return value.toString();
  if (value instanceof Double) return Number.isInteger(value.value) ? value.value.toFixed(1) : String(value.value);
  if (value instanceof Date) return `new Date(${value.getTime()})`;
  if (value instanceof Binary) {
    if (value.sub_type === Binary.SUBTYPE_UUID) return `UUID("${value.toUUID().toString()}")`;
    return `BinData(${value.sub_type}, ${value.toString('hex').toUpperCase()})`;
  }
  if (value instanceof Timestamp) return `Timestamp(${value.getHighBits()}, ${value.getLowBits()})`;
  if (value instanceof BSONRegExp) return `/${value.pattern}/${value.options}`;
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[ ${value.map(show).join(', ')} ]`;
  if (typeof value === 'object') return showFields(value as Document);
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  return 'undefined';
}

function showFields(doc: Document): string {
  const fields = Object.entries(doc).map(([name, value]) => `${name}: ${show(value)}`);
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`;
}

/** MongoDB's duplicate key error; clients read `keyPattern` and `keyValue`. */
export function duplicateKey(
  ns: string,
  indexName: string,
  keyPattern: Document,
  paths: readonly string[],
  values: readonly unknown[],
): CommandError {
  const keyValue: Document = {};
  paths.forEach((path, i) => (keyValue[path] = values[i] ?? null));
  const message = `E11000 duplicate key error collection: ${ns} index: ${indexName} dup key: ${showFields(keyValue)}`;
  return commandError('DuplicateKey', message, { keyPattern, keyValue });
}
