import { Binary, bsonType, BSONRegExp, DBRef, Decimal128, Double, Int32, Long, ObjectId, Timestamp } from 'bson';

/** A decoded document or sub-document. Its keys may be anything, `__proto__` included: write through `setField`. */
export type Document = Record<string, unknown>;

/** The type codes of BSON, as `$type` takes them. */
export const BsonType = {
  double: 1,
  string: 2,
  object: 3,
  array: 4,
  binData: 5,
  undefined: 6,
  objectId: 7,
  bool: 8,
  date: 9,
  null: 10,
  regex: 11,
  dbPointer: 12,
  javascript: 13,
  symbol: 14,
  javascriptWithScope: 15,
  int: 16,
  timestamp: 17,
  long: 18,
  decimal: 19,
  minKey: -1,
  maxKey: 127,
} as const;

/** The types that have an alias in `$type` and in error messages. */
export type BsonTypeName = keyof typeof BsonType;

/** Stands for BSON's deprecated `undefined`: the index key of an empty array, which sorts below null. */
export const BSON_UNDEFINED = Symbol('bson undefined');

const INT32_MAX = 2147483647;
const INT32_MIN = -2147483648;

/** True for an integer that BSON's int32 can hold; -0 needs a double. */
export function isInt32(value: number): boolean {
  return (value | 0) === value && !Object.is(value, -0) && value >= INT32_MIN && value <= INT32_MAX;
}

/** The `bson` class name of a value, null for native values. A document's own `_bsontype` field cannot imitate it. */
export function bsonTag(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return null;
  const tag = (value as { [bsonType]?: unknown })[bsonType];
  return typeof tag === 'string' ? tag : null;
}

const tagTypes: Readonly<Record<string, number>> = {
  Int32: BsonType.int,
  Long: BsonType.long,
  Double: BsonType.double,
  Decimal128: BsonType.decimal,
  ObjectId: BsonType.objectId,
  Binary: BsonType.binData,
  Timestamp: BsonType.timestamp,
  BSONRegExp: BsonType.regex,
  MinKey: BsonType.minKey,
  MaxKey: BsonType.maxKey,
  BSONSymbol: BsonType.symbol,
  DBRef: BsonType.object,
};

function taggedType(value: object, tag: string): number {
  if (tag === 'Code') return (value as { scope?: unknown }).scope ? BsonType.javascriptWithScope : BsonType.javascript;
  return tagTypes[tag] ?? BsonType.object;
}

/** The BSON type code of a value, as `$type` answers it; a missing value (JS undefined) counts as null. */
export function bsonTypeOf(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return BsonType.string;
    case 'boolean':
      return BsonType.bool;
    case 'number':
      return isInt32(value) ? BsonType.int : BsonType.double;
    case 'bigint':
      return BsonType.long;
    case 'undefined':
      return BsonType.null;
    case 'symbol':
      return BsonType.undefined;
    case 'object':
    case 'function':
    default:
      break;
  }
  if (value === null) return BsonType.null;
  if (Array.isArray(value)) return BsonType.array;
  const tag = bsonTag(value);
  if (tag !== null) return taggedType(value as object, tag);
  if (value instanceof Date) return BsonType.date;
  if (value instanceof RegExp) return BsonType.regex;
  if (value instanceof Uint8Array) return BsonType.binData;
  return BsonType.object;
}

const namesByType = new Map<number, BsonTypeName>(
  (Object.entries(BsonType) as [BsonTypeName, number][]).map(([name, code]) => [code, name]),
);

/** The alias of a value's type, as MongoDB's messages and `$type` name it. */
export function typeName(value: unknown): BsonTypeName {
  return namesByType.get(bsonTypeOf(value)) ?? 'object';
}

/** The code of a `$type` alias, undefined for an unknown one (`number` is the matcher's business). */
export function typeOfAlias(alias: string): number | undefined {
  return Object.hasOwn(BsonType, alias) ? BsonType[alias as BsonTypeName] : undefined;
}

/** True for the code of an existing BSON type. */
export function isBsonTypeCode(code: number): boolean {
  return namesByType.has(code);
}

/** True for int32, int64, double and decimal values. */
export function isNumber(value: unknown): value is number | bigint | Int32 | Long | Double | Decimal128 {
  const type = bsonTypeOf(value);
  return type === BsonType.int || type === BsonType.long || type === BsonType.double || type === BsonType.decimal;
}

/** True for a sub-document (an embedded DBRef included). */
export function isDocument(value: unknown): value is Document {
  return bsonTypeOf(value) === BsonType.object;
}

/** True for null and for what is read as null. */
export function isNullish(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

/** The fields of a sub-document; the `bson` decoder turns `{$ref, $id}` into a DBRef, which is read as a document here. */
export function fieldsOf(value: Document): Document {
  if (bsonTag(value) !== 'DBRef') return value;
  const ref = value as unknown as DBRef;
  const fields: Document = { $ref: ref.collection, $id: ref.oid };
  if (ref.db !== undefined) fields['$db'] = ref.db;
  for (const [name, field] of Object.entries(ref.fields ?? {})) setField(fields, name, field);
  return fields;
}

/** Reads a document's own field, so that names of Object.prototype are plainly missing. */
export function getField(document: Document, name: string): unknown {
  return Object.hasOwn(document, name) ? document[name] : undefined;
}

/** Writes a field as an own property whatever its name is: assigning to `__proto__` would change the prototype. */
export function setField(document: Document, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(document, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    document[name] = value;
  }
}

/** The bytes of binary data. */
export function binaryBytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  const binary = value as Binary;
  return binary.buffer.subarray(0, binary.length());
}

/** The subtype of binary data; a bare Buffer is generic (0). */
export function binarySubtype(value: unknown): number {
  return value instanceof Uint8Array ? 0 : (value as Binary).sub_type;
}

/** The pattern and BSON options of a regular expression of either class. */
export function regexParts(value: unknown): { pattern: string; options: string } {
  if (value instanceof RegExp) return { pattern: value.source, options: value.flags.replace(/[^imsux]/g, '') };
  const regex = value as BSONRegExp;
  return { pattern: regex.pattern, options: regex.options };
}

/** A timestamp's 64 bits as an unsigned integer. */
export function timestampBits(value: unknown): bigint {
  const timestamp = value as Timestamp;
  return (BigInt(timestamp.high >>> 0) << 32n) | BigInt(timestamp.low >>> 0);
}

/** The bytes of an ObjectId. */
export function objectIdBytes(value: unknown): Uint8Array {
  return (value as ObjectId).id;
}

/** A deep copy of containers; leaf values are immutable in the engine and shared. A DBRef becomes a plain document. */
export function cloneValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cloneValue);
  return isDocument(value) ? cloneDocument(value) : value;
}

/** A deep copy of a document. */
export function cloneDocument(document: Document): Document {
  const fields = fieldsOf(document);
  const copy: Document = {};
  for (const name of Object.keys(fields)) setField(copy, name, cloneValue(fields[name]));
  return copy;
}
