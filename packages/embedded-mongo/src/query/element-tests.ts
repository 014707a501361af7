import { compareValues, TypeOrder, typeOrderOf } from '../bson/compare';
import { exactInt64, toNumber, truncateToInt64 } from '../bson/numbers';
import {
  binaryBytes,
  bsonTag,
  BsonType,
  bsonTypeOf,
  isBsonTypeCode,
  isNumber,
  isNullish,
  regexParts,
  typeName,
  typeOfAlias,
} from '../bson/values';
import { CommandError } from '../errors';
import { compileRegex } from './regex';

/** Judges one value; undefined is a missing one. */
export type ElementTest = (value: unknown) => boolean;

/** A filter error with MongoDB's BadValue. */
export function badValue(message: string): CommandError {
  return new CommandError(2, 'BadValue', message);
}

/** True for a regular expression of either class. */
export function isRegex(value: unknown): boolean {
  return bsonTypeOf(value) === BsonType.regex;
}

function isNaNValue(value: unknown): boolean {
  return isNumber(value) && Number.isNaN(toNumber(value));
}

type Comparison = '$eq' | '$gt' | '$gte' | '$lt' | '$lte';

function accepts(comparison: Comparison, order: number): boolean {
  switch (comparison) {
    case '$eq':
      return order === 0;
    case '$gt':
      return order > 0;
    case '$gte':
      return order >= 0;
    case '$lt':
      return order < 0;
    case '$lte':
      return order <= 0;
  }
}

/** Comparisons hold between values of one type class only; null means missing too, MinKey and MaxKey span all types. */
export function comparisonTest(comparison: Comparison, operand: unknown): ElementTest {
  const order = typeOrderOf(operand);
  if (order === TypeOrder.minKey || order === TypeOrder.maxKey) return extremeTest(comparison, operand, order);
  if (isNaNValue(operand)) {
    return comparison === '$gt' || comparison === '$lt' ? () => false : isNaNValue;
  }
  const rejectsNaN = order === TypeOrder.number && comparison !== '$eq';
  return (value) =>
    typeOrderOf(value) === order &&
    accepts(comparison, compareValues(value, operand)) &&
    !(rejectsNaN && isNaNValue(value));
}

function extremeTest(comparison: Comparison, operand: unknown, order: number): ElementTest {
  return (value) => {
    if (typeOrderOf(value) === order) return accepts(comparison, 0);
    if (comparison === '$eq') return false;
    return accepts(comparison, compareValues(value, operand));
  };
}

/** A string matches a regular expression by its text; a stored regular expression by being the same. */
export function regexTest(value: unknown): ElementTest {
  const { pattern, options } = regexParts(value);
  return patternTest(pattern, options);
}

/** The same for a pattern and its options as text. */
export function patternTest(pattern: string, options: string): ElementTest {
  const matches = compileRegex(pattern, options);
  const sortedOptions = [...options].sort().join('');
  return (element) => {
    if (typeof element === 'string') return matches(element);
    if (!isRegex(element)) return false;
    const own = regexParts(element);
    return own.pattern === pattern && own.options === sortedOptions;
  };
}

/** One of the listed values, or a match of a listed regular expression. */
export function inTest(operand: unknown, operator: '$in' | '$nin'): ElementTest {
  if (!Array.isArray(operand)) throw badValue(`${operator} needs an array`);
  const strings = new Set<string>();
  const others: ElementTest[] = [];
  for (const item of operand as unknown[]) {
    if (isOperatorDocument(item)) throw badValue(`cannot nest $ under ${operator}`);
    if (typeof item === 'string') strings.add(item);
    else others.push(isRegex(item) ? regexTest(item) : comparisonTest('$eq', item));
  }
  return (value) => (typeof value === 'string' && strings.has(value)) || others.some((test) => test(value));
}

/** True for a document whose first field is an operator. */
export function isOperatorDocument(value: unknown): value is Record<string, unknown> {
  if (bsonTypeOf(value) !== BsonType.object) return false;
  // A DBRef decodes to its own class: `{$ref, $id}` is a value, not an operator.
  if (bsonTag(value) !== null) return false;
  const first = Object.keys(value as object)[0];
  return first !== undefined && first.startsWith('$') && first !== '$ref' && first !== '$id' && first !== '$db';
}

function typeCodes(operand: unknown): number[] {
  if (typeof operand === 'string') {
    if (operand === 'number') return [BsonType.int, BsonType.long, BsonType.double, BsonType.decimal];
    const code = typeOfAlias(operand);
    if (code === undefined) throw badValue(`Unknown type name alias: ${operand}`);
    return [code];
  }
  if (!isNumber(operand))
    throw new CommandError(14, 'TypeMismatch', 'type must be represented as a number or a string');
  const code = toNumber(operand);
  if (!isBsonTypeCode(code)) throw badValue(`Invalid numerical type code: ${code}`);
  return [code];
}

/** $type by alias, number, or a list of them. */
export function typeTest(operand: unknown): ElementTest {
  const codes = new Set(Array.isArray(operand) ? operand.flatMap(typeCodes) : typeCodes(operand));
  if (codes.size === 0) throw new CommandError(9, 'FailedToParse', '$type must match at least one type');
  return (value) => value !== undefined && codes.has(bsonTypeOf(value));
}

/** $mod: [divisor, remainder], both truncated to integers, as the value is. */
export function modTest(operand: unknown): ElementTest {
  if (!Array.isArray(operand)) throw badValue('malformed mod, needs to be an array');
  const [divisor, remainder, ...rest] = operand as unknown[];
  if (operand.length < 2) throw badValue('malformed mod, not enough elements');
  if (rest.length > 0) throw badValue('malformed mod, too many elements');
  if (!isNumber(divisor)) throw badValue('malformed mod, divisor not a number');
  if (!isNumber(remainder)) throw badValue('malformed mod, remainder not a number');
  const d = truncateToInt64(divisor);
  const r = truncateToInt64(remainder);
  if (d === null || r === null) throw badValue('malformed mod, divisor or remainder value is invalid');
  if (d === 0n) throw badValue('divisor cannot be 0');
  return (value) => {
    const n = isNumber(value) ? truncateToInt64(value) : null;
    return n !== null && n % d === r;
  };
}

/** $size: an array of exactly that many elements. */
export function sizeTest(operand: unknown): ElementTest {
  if (!isNumber(operand)) throw badValue(`Failed to parse $size. Expected a number in: $size: ${typeName(operand)}`);
  const size = exactInt64(operand);
  if (size === null) throw badValue('Failed to parse $size. Expected an integer');
  if (size < 0n) throw badValue(`Failed to parse $size. Expected a non-negative number in: $size: ${size}`);
  return (value) => Array.isArray(value) && BigInt(value.length) === size;
}

function maskBits(operator: string, operand: unknown): bigint {
  if (Array.isArray(operand)) {
    return (operand as unknown[]).reduce<bigint>((mask, position) => {
      const bit = isNumber(position) ? exactInt64(position) : null;
      if (bit === null || bit < 0n) throw badValue(`bit positions must be >= 0 in ${operator}`);
      return mask | (1n << (bit > 0xffffn ? 0xffffn : bit));
    }, 0n);
  }
  if (bsonTypeOf(operand) === BsonType.binData) return littleEndian(binaryBytes(operand));
  const mask = isNumber(operand) ? exactInt64(operand) : null;
  if (mask === null)
    throw badValue(`${operator} takes an Array, a number, or a BinData but received: ${typeName(operand)}`);
  if (mask < 0n) throw new CommandError(9, 'FailedToParse', `Expected a non-negative number in: ${operator}: ${mask}`);
  return mask;
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}

/** $bitsAllSet, $bitsAllClear, $bitsAnySet and $bitsAnyClear on integers and binary data. */
export function bitsTest(operator: string, operand: unknown): ElementTest {
  const mask = maskBits(operator, operand);
  return (value) => {
    const isBinary = !isNullish(value) && bsonTypeOf(value) === BsonType.binData;
    // A negative number's sign reaches to all higher bits; BigInt works that way.
    const bits = isBinary ? littleEndian(binaryBytes(value)) : isNumber(value) ? exactInt64(value) : null;
    if (bits === null) return false;
    const set = bits & mask;
    if (operator === '$bitsAllSet') return set === mask;
    if (operator === '$bitsAllClear') return set === 0n;
    return operator === '$bitsAnySet' ? set !== 0n : set !== mask;
  };
}
