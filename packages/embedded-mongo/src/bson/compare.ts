import type { BSONSymbol, Code } from 'bson';
import { compareNumbers } from './number-order';
import {
  binaryBytes,
  binarySubtype,
  BsonType,
  bsonTypeOf,
  Document,
  fieldsOf,
  objectIdBytes,
  regexParts,
  timestampBits,
} from './values';

/** The classes values are sorted by before their contents are looked at. */
export const TypeOrder = {
  minKey: 1,
  undefined: 5,
  null: 10,
  number: 20,
  string: 30,
  object: 40,
  array: 45,
  binData: 50,
  objectId: 55,
  bool: 60,
  date: 65,
  timestamp: 70,
  regex: 75,
  dbPointer: 80,
  javascript: 85,
  javascriptWithScope: 90,
  maxKey: 120,
} as const;

const orderByType = new Map<number, number>([
  [BsonType.minKey, TypeOrder.minKey],
  [BsonType.undefined, TypeOrder.undefined],
  [BsonType.null, TypeOrder.null],
  [BsonType.int, TypeOrder.number],
  [BsonType.long, TypeOrder.number],
  [BsonType.double, TypeOrder.number],
  [BsonType.decimal, TypeOrder.number],
  [BsonType.string, TypeOrder.string],
  [BsonType.symbol, TypeOrder.string],
  [BsonType.object, TypeOrder.object],
  [BsonType.array, TypeOrder.array],
  [BsonType.binData, TypeOrder.binData],
  [BsonType.objectId, TypeOrder.objectId],
  [BsonType.bool, TypeOrder.bool],
  [BsonType.date, TypeOrder.date],
  [BsonType.timestamp, TypeOrder.timestamp],
  [BsonType.regex, TypeOrder.regex],
  [BsonType.dbPointer, TypeOrder.dbPointer],
  [BsonType.javascript, TypeOrder.javascript],
  [BsonType.javascriptWithScope, TypeOrder.javascriptWithScope],
  [BsonType.maxKey, TypeOrder.maxKey],
]);

/** The sort class of a value (`TypeOrder`): comparisons such as $gt only look inside one class. */
export function typeOrderOf(value: unknown): number {
  return orderByType.get(bsonTypeOf(value)) ?? TypeOrder.object;
}

/** The text of a string or of a (deprecated) symbol. */
export function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : (value as BSONSymbol).value;
}

/** The source text of a JavaScript value; `bson` allows a function there. */
export function codeText(value: unknown): string {
  const { code } = value as Code;
  return typeof code === 'string' ? code : String(code);
}

/** Milliseconds of a date; a date outside JS's range has lost its value when decoded and sorts first. */
export function dateMillis(value: unknown): number {
  const millis = (value as Date).getTime();
  return Number.isNaN(millis) ? Number.MIN_SAFE_INTEGER : millis;
}

/** Makes UTF-16 code units compare as UTF-8 bytes do: surrogates stand for code points above U+FFFF. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

/** Compares strings by their UTF-8 bytes, which is the order of their code points. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return codePointRank(x) < codePointRank(y) ? -1 : 1;
  }
  return a.length < b.length ? -1 : 1;
}

function compareDocuments(a: Document, b: Document): number {
  const left = fieldsOf(a);
  const right = fieldsOf(b);
  const leftNames = Object.keys(left);
  const rightNames = Object.keys(right);
  const length = Math.min(leftNames.length, rightNames.length);
  for (let i = 0; i < length; i++) {
    const leftName = leftNames[i]!;
    const rightName = rightNames[i]!;
    const x = left[leftName];
    const y = right[rightName];
    const result = typeOrderOf(x) - typeOrderOf(y) || compareStrings(leftName, rightName) || compareValues(x, y);
    if (result !== 0) return result;
  }
  return leftNames.length - rightNames.length;
}

function compareArrays(a: readonly unknown[], b: readonly unknown[]): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const result = compareValues(a[i], b[i]);
    if (result !== 0) return result;
  }
  return a.length - b.length;
}

function compareBinary(a: unknown, b: unknown): number {
  const x = binaryBytes(a);
  const y = binaryBytes(b);
  return x.length - y.length || binarySubtype(a) - binarySubtype(b) || Buffer.compare(x, y);
}

function compareRegex(a: unknown, b: unknown): number {
  const x = regexParts(a);
  const y = regexParts(b);
  return compareStrings(x.pattern, y.pattern) || compareStrings(x.options, y.options);
}

function compareBigints(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function scopeOf(value: unknown): Document {
  return (value as Code).scope ?? {};
}

function compareInside(order: number, a: unknown, b: unknown): number {
  switch (order) {
    case TypeOrder.number:
      return compareNumbers(a, b);
    case TypeOrder.string:
      return compareStrings(stringOf(a), stringOf(b));
    case TypeOrder.object:
      return compareDocuments(a as Document, b as Document);
    case TypeOrder.array:
      return compareArrays(a as unknown[], b as unknown[]);
    case TypeOrder.binData:
      return compareBinary(a, b);
    case TypeOrder.objectId:
      return Buffer.compare(objectIdBytes(a), objectIdBytes(b));
    case TypeOrder.bool:
      return Number(a) - Number(b);
    case TypeOrder.date:
      return dateMillis(a) - dateMillis(b);
    case TypeOrder.timestamp:
      return compareBigints(timestampBits(a), timestampBits(b));
    case TypeOrder.regex:
      return compareRegex(a, b);
    case TypeOrder.javascript:
      return compareStrings(codeText(a), codeText(b));
    case TypeOrder.javascriptWithScope:
      return compareStrings(codeText(a), codeText(b)) || compareDocuments(scopeOf(a), scopeOf(b));
    default:
      return 0;
  }
}

/** Compares any two values in BSON's sort order. A missing value (JS undefined) counts as null. */
export function compareValues(a: unknown, b: unknown): number {
  if (a === b && typeof a !== 'number') return 0;
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
  const order = typeOrderOf(a);
  const difference = order - typeOrderOf(b);
  return difference !== 0 ? difference : compareInside(order, a, b);
}

/** True when two values are the same to MongoDB: 1, 1.0 and NumberLong(1) are, `{a,b}` and `{b,a}` are not. */
export function valuesEqual(a: unknown, b: unknown): boolean {
  return compareValues(a, b) === 0;
}
