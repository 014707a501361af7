import { Decimal128, Double, Int32, Long } from 'bson';
import { CommandError } from '../errors';
import { decimalParts, DecimalParts } from './number-order';
import { BsonType, bsonTypeOf } from './values';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const INT32_MIN = -(2n ** 31n);
const INT32_MAX = 2n ** 31n - 1n;
const DECIMAL_DIGITS = 34;
const DECIMAL_MIN_EXPONENT = -6176;

type Finite = Extract<DecimalParts, { kind: 'finite' }>;

/** Rounds to `drop` digits fewer, halves to even, as IEEE 754 decimals do. */
function dropDigits(coefficient: bigint, drop: number): bigint {
  const divisor = 10n ** BigInt(drop);
  const quotient = coefficient / divisor;
  const twice = (coefficient % divisor) * 2n;
  return twice > divisor || (twice === divisor && quotient % 2n === 1n) ? quotient + 1n : quotient;
}

/** A decimal of at most 34 digits from exact parts; too large becomes Infinity, too small rounds towards zero. */
function toDecimal({ negative, coefficient, exponent }: Omit<Finite, 'kind'>): Decimal128 {
  let digits = coefficient;
  let power = exponent;
  const drop = Math.max(digits.toString().length - DECIMAL_DIGITS, DECIMAL_MIN_EXPONENT - power);
  if (drop > 0) {
    digits = drop > digits.toString().length ? 0n : dropDigits(digits, drop);
    power += drop;
  }
  // Rounding 999…9 up makes a 35th digit.
  if (digits === 10n ** BigInt(DECIMAL_DIGITS)) {
    digits /= 10n;
    power += 1;
  }
  const sign = negative ? '-' : '';
  if (digits !== 0n && power + digits.toString().length - 1 > 6144) return Decimal128.fromString(`${sign}Infinity`);
  return Decimal128.fromString(`${sign}${digits}E${Math.min(power, 6111 + (digits === 0n ? 0 : DECIMAL_DIGITS))}`);
}

/** A value as a decimal; a double is taken at its 15 significant digits, as MongoDB does. */
function asDecimal(value: unknown): Decimal128 {
  const type = bsonTypeOf(value);
  if (type === BsonType.decimal) return value as Decimal128;
  if (type !== BsonType.double) return Decimal128.fromString(asBigInt(value).toString());
  const double = toNumber(value);
  if (Number.isNaN(double)) return Decimal128.fromString('NaN');
  if (!Number.isFinite(double)) return Decimal128.fromString(double < 0 ? '-Infinity' : 'Infinity');
  return Decimal128.fromString(double === 0 ? (Object.is(double, -0) ? '-0' : '0') : double.toPrecision(15));
}

function asBigInt(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return BigInt(value);
  return bsonTypeOf(value) === BsonType.long ? (value as Long).toBigInt() : BigInt((value as Int32).value);
}

/** The nearest double of a number of any type. */
export function toNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  const type = bsonTypeOf(value);
  if (type === BsonType.long) return (value as Long).toNumber();
  if (type === BsonType.decimal) return Number((value as Decimal128).toString());
  return Number((value as Int32 | Double).value);
}

/** The number without its fraction as a bigint, null if it is no int64 (NaN, infinite, out of range) or no number. */
export function truncateToInt64(value: unknown): bigint | null {
  const type = bsonTypeOf(value);
  if (type === BsonType.int || type === BsonType.long) return asBigInt(value);
  let result: bigint;
  if (type === BsonType.double) {
    const double = toNumber(value);
    if (!Number.isFinite(double)) return null;
    result = BigInt(Math.trunc(double));
  } else if (type === BsonType.decimal) {
    const parts = decimalParts(value as Decimal128);
    if (parts.kind !== 'finite' || parts.exponent > 40)
      return parts.kind === 'finite' && parts.coefficient === 0n ? 0n : null;
    const scale = 10n ** BigInt(Math.abs(parts.exponent));
    const magnitude = parts.exponent >= 0 ? parts.coefficient * scale : parts.coefficient / scale;
    result = parts.negative ? -magnitude : magnitude;
  } else {
    return null;
  }
  return result < INT64_MIN || result > INT64_MAX ? null : result;
}

/** The number as an exact int64, null when it has a fraction or is out of range. */
export function exactInt64(value: unknown): bigint | null {
  const truncated = truncateToInt64(value);
  if (truncated === null) return null;
  const type = bsonTypeOf(value);
  if (type === BsonType.double) return toNumber(value) === Number(truncated) ? truncated : null;
  if (type !== BsonType.decimal) return truncated;
  const parts = decimalParts(value as Decimal128) as Finite;
  if (parts.exponent >= 0) return truncated;
  return parts.coefficient % 10n ** BigInt(-parts.exponent) === 0n ? truncated : null;
}

/** An integer as the type given, widened to a long if it does not fit an int32; null if no int64 holds it. */
function integer(value: bigint, long: boolean): Int32 | Long | null {
  if (!long && value >= INT32_MIN && value <= INT32_MAX) return new Int32(Number(value));
  return value >= INT64_MIN && value <= INT64_MAX ? Long.fromBigInt(value) : null;
}

function decimalSum(a: Decimal128, b: Decimal128): Decimal128 {
  const x = decimalParts(a);
  const y = decimalParts(b);
  if (x.kind === 'nan' || y.kind === 'nan') return Decimal128.fromString('NaN');
  if (x.kind === 'infinity') {
    return y.kind === 'infinity' && x.negative !== y.negative ? Decimal128.fromString('NaN') : a;
  }
  if (y.kind === 'infinity') return b;
  const exponent = Math.min(x.exponent, y.exponent);
  const signed = (part: Finite): bigint =>
    (part.negative ? -part.coefficient : part.coefficient) * 10n ** BigInt(part.exponent - exponent);
  const sum = signed(x) + signed(y);
  const negative = sum < 0n || (sum === 0n && x.negative && y.negative);
  return toDecimal({ negative, coefficient: sum < 0n ? -sum : sum, exponent });
}

function decimalProduct(a: Decimal128, b: Decimal128): Decimal128 {
  const x = decimalParts(a);
  const y = decimalParts(b);
  if (x.kind === 'nan' || y.kind === 'nan') return Decimal128.fromString('NaN');
  const negative = x.negative !== y.negative;
  if (x.kind === 'infinity' || y.kind === 'infinity') {
    const zero = (x.kind === 'finite' && x.coefficient === 0n) || (y.kind === 'finite' && y.coefficient === 0n);
    return Decimal128.fromString(zero ? 'NaN' : `${negative ? '-' : ''}Infinity`);
  }
  return toDecimal({ negative, coefficient: x.coefficient * y.coefficient, exponent: x.exponent + y.exponent });
}

interface Operation {
  integers(a: bigint, b: bigint): bigint;
  doubles(a: number, b: number): number;
  decimals(a: Decimal128, b: Decimal128): Decimal128;
}

const addition: Operation = { integers: (a, b) => a + b, doubles: (a, b) => a + b, decimals: decimalSum };
const subtraction: Operation = {
  integers: (a, b) => a - b,
  doubles: (a, b) => a - b,
  decimals: (a, b) => decimalSum(a, decimalProduct(b, Decimal128.fromString('-1'))),
};
const multiplication: Operation = { integers: (a, b) => a * b, doubles: (a, b) => a * b, decimals: decimalProduct };

/** The wider of the two types decides the result's: int32 < int64 < double < decimal. Null when an int64 overflows. */
function calculate(operation: Operation, a: unknown, b: unknown): Int32 | Long | Double | Decimal128 | null {
  const types = [bsonTypeOf(a), bsonTypeOf(b)];
  if (types.includes(BsonType.decimal)) return operation.decimals(asDecimal(a), asDecimal(b));
  if (types.includes(BsonType.double)) return new Double(operation.doubles(toNumber(a), toNumber(b)));
  return integer(operation.integers(asBigInt(a), asBigInt(b)), types.includes(BsonType.long));
}

function calculateOrThrow(
  operation: Operation,
  operator: string,
  a: unknown,
  b: unknown,
): Int32 | Long | Double | Decimal128 {
  const result = calculate(operation, a, b);
  if (result !== null) return result;
  throw new CommandError(
    2,
    'BadValue',
    `Failed to apply ${operator} operations to current value: the result overflows a 64-bit integer`,
  );
}

/** a + b in the type MongoDB gives it; an int32 overflow becomes a long, an int64 overflow is an error (2). */
export function addNumbers(a: unknown, b: unknown): Int32 | Long | Double | Decimal128 {
  return calculateOrThrow(addition, '$inc', a, b);
}

/** a · b in the type MongoDB gives it; an int32 overflow becomes a long, an int64 overflow is an error (2). */
export function multiplyNumbers(a: unknown, b: unknown): Int32 | Long | Double | Decimal128 {
  return calculateOrThrow(multiplication, '$mul', a, b);
}

/** a + b as an expression has it: what overflows an int64 becomes a double. */
export function addOrDouble(a: unknown, b: unknown): Int32 | Long | Double | Decimal128 {
  return calculate(addition, a, b) ?? new Double(toNumber(a) + toNumber(b));
}

/** a - b as an expression has it. */
export function subtractOrDouble(a: unknown, b: unknown): Int32 | Long | Double | Decimal128 {
  return calculate(subtraction, a, b) ?? new Double(toNumber(a) - toNumber(b));
}

/** a · b as an expression has it: what overflows an int64 becomes a double. */
export function multiplyOrDouble(a: unknown, b: unknown): Int32 | Long | Double | Decimal128 {
  return calculate(multiplication, a, b) ?? new Double(toNumber(a) * toNumber(b));
}

/** a / b as a double. A division by zero is an error (2), one of decimals is not supported (2). */
export function divideNumbers(a: unknown, b: unknown): Double {
  if (bsonTypeOf(a) === BsonType.decimal || bsonTypeOf(b) === BsonType.decimal) {
    throw new CommandError(2, 'BadValue', '$divide of decimals is not supported by this store');
  }
  if (toNumber(b) === 0) throw new CommandError(2, 'BadValue', "can't $divide by zero");
  return new Double(toNumber(a) / toNumber(b));
}

/** A zero of the same type as a number, which $mul starts a missing field with. */
export function zeroLike(value: unknown): Int32 | Long | Double | Decimal128 {
  switch (bsonTypeOf(value)) {
    case BsonType.long:
      return Long.ZERO;
    case BsonType.double:
      return new Double(0);
    case BsonType.decimal:
      return Decimal128.fromString('0');
    default:
      return new Int32(0);
  }
}

/** Applies a bitwise operation to two integers; the result is a long if either is. */
export function bitwise(a: unknown, b: unknown, operation: (a: bigint, b: bigint) => bigint): Int32 | Long {
  const long = bsonTypeOf(a) === BsonType.long || bsonTypeOf(b) === BsonType.long;
  const result = BigInt.asIntN(long ? 64 : 32, operation(asBigInt(a), asBigInt(b)));
  return long ? Long.fromBigInt(result) : new Int32(Number(result));
}

/** True for what MongoDB reads as true where it expects a flag: not false, null, undefined or a zero. */
export function isTruthy(value: unknown): boolean {
  switch (bsonTypeOf(value)) {
    case BsonType.bool:
      return value === true;
    case BsonType.null:
    case BsonType.undefined:
      return false;
    case BsonType.int:
    case BsonType.long:
    case BsonType.double:
      return toNumber(value) !== 0;
    case BsonType.decimal: {
      const parts = decimalParts(value as Decimal128);
      return parts.kind !== 'finite' || parts.coefficient !== 0n;
    }
    default:
      return true;
  }
}
