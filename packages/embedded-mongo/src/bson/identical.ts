import type { Decimal128 } from 'bson';
import { compareValues } from './compare';
import { toNumber } from './numbers';
import { BsonType, bsonTypeOf, Document, fieldsOf } from './values';

function identicalDocuments(a: Document, b: Document): boolean {
  const left = fieldsOf(a);
  const right = fieldsOf(b);
  const names = Object.keys(left);
  const others = Object.keys(right);
  return (
    names.length === others.length && names.every((name, i) => name === others[i] && identical(left[name], right[name]))
  );
}

/**
 * True when two values have the same bytes in BSON: unlike `valuesEqual` it tells 1 from 1.0 and 0 from -0. An update
 * that leaves a document identical has modified nothing.
 */
export function identical(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  const type = bsonTypeOf(a);
  if (type !== bsonTypeOf(b)) return false;
  switch (type) {
    case BsonType.object:
      return identicalDocuments(a as Document, b as Document);
    case BsonType.array: {
      const [left, right] = [a as unknown[], b as unknown[]];
      return left.length === right.length && left.every((value, i) => identical(value, right[i]));
    }
    case BsonType.double:
      return Object.is(toNumber(a), toNumber(b));
    case BsonType.decimal:
      return Buffer.compare((a as Decimal128).bytes, (b as Decimal128).bytes) === 0;
    default:
      return compareValues(a, b) === 0;
  }
}
