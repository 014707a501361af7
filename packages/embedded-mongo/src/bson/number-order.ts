import type { Decimal128, Double, Int32, Long } from 'bson';
import { bsonTag } from './values';

/**
 * A finite, non-zero number as sign · 2^exponent · (1 + mantissa / 2^126).
 *
 * 126 bits hold every double and int64 exactly. A decimal may need more: it is cut off and `inexact` is set. Two
 * different decimals of 34 digits lie at least 2^-113 apart (relatively), so the cut never makes different numbers
 * equal, and a cut number is above the exact one with the same bits.
 */
export interface BinaryNumber {
  negative: boolean;
  exponent: number;
  mantissa: bigint;
  inexact: boolean;
}

/** A decimal as (-1)^negative · coefficient · 10^exponent, or one of the special values. */
export type DecimalParts =
  | { kind: 'nan' }
  | { kind: 'infinity'; negative: boolean }
  | { kind: 'finite'; negative: boolean; coefficient: bigint; exponent: number };

export const MANTISSA_BITS = 126;

/** Takes a Decimal128 apart. */
export function decimalParts(value: Decimal128): DecimalParts {
  const bytes = value.bytes;
  let high = 0n;
  let low = 0n;
  for (let i = 15; i >= 8; i--) high = (high << 8n) | BigInt(bytes[i] ?? 0);
  for (let i = 7; i >= 0; i--) low = (low << 8n) | BigInt(bytes[i] ?? 0);
  const negative = high >> 63n === 1n;
  const combination = Number((high >> 58n) & 31n);
  if (combination === 31) return { kind: 'nan' };
  if (combination === 30) return { kind: 'infinity', negative };
  if (combination >= 24) {
    // The large form's coefficient exceeds 34 digits: IEEE 754 reads such a number as zero.
    const exponent = Number((high >> 47n) & 0x3fffn) - 6176;
    return { kind: 'finite', negative, coefficient: 0n, exponent };
  }
  const exponent = Number((high >> 49n) & 0x3fffn) - 6176;
  const coefficient = ((high & 0x1ffffffffffffn) << 64n) | low;
  return { kind: 'finite', negative, coefficient: coefficient >= 10n ** 34n ? 0n : coefficient, exponent };
}

/** The number as a double if that is exact (int32, double, small int64), otherwise its bigint or decimal parts. */
export function numberOf(value: unknown): number | bigint | DecimalParts {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return shrink(value);
  switch (bsonTag(value)) {
    case 'Int32':
    case 'Double':
      return Number((value as Int32 | Double).value);
    case 'Long': {
      const long = value as Long;
      const approximate = long.toNumber();
      return Number.isSafeInteger(approximate) ? approximate : long.toBigInt();
    }
    default:
      return decimalParts(value as Decimal128);
  }
}

function shrink(value: bigint): number | bigint {
  const approximate = Number(value);
  return Number.isSafeInteger(approximate) ? approximate : value;
}

/** NaN, an infinity or zero as a JS number; null for every other number. */
export function specialNumber(number: number | bigint | DecimalParts): number | null {
  if (typeof number === 'number') return Number.isFinite(number) && number !== 0 ? null : number;
  if (typeof number === 'bigint') return number === 0n ? 0 : null;
  if (number.kind === 'nan') return NaN;
  if (number.kind === 'infinity') return number.negative ? -Infinity : Infinity;
  return number.coefficient === 0n ? 0 : null;
}

function bitLength(value: bigint): number {
  return value.toString(16).length * 4 - leadingZeroBits[Number.parseInt(value.toString(16)[0] ?? '0', 16)]!;
}
const leadingZeroBits = [4, 3, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0];

/** numerator / denominator (both positive) in binary. */
function fromRatio(negative: boolean, numerator: bigint, denominator: bigint): BinaryNumber {
  let exponent = bitLength(numerator) - bitLength(denominator);
  if (!atLeastPowerOfTwo(numerator, denominator, exponent)) exponent -= 1;
  const shift = MANTISSA_BITS - exponent;
  const scaled = shift >= 0 ? numerator << BigInt(shift) : numerator;
  const divisor = shift >= 0 ? denominator : denominator << BigInt(-shift);
  const quotient = scaled / divisor;
  return {
    negative,
    exponent,
    mantissa: quotient - (1n << BigInt(MANTISSA_BITS)),
    inexact: quotient * divisor !== scaled,
  };
}

function atLeastPowerOfTwo(numerator: bigint, denominator: bigint, exponent: number): boolean {
  return exponent >= 0 ? numerator >= denominator << BigInt(exponent) : numerator << BigInt(-exponent) >= denominator;
}

const view = new DataView(new ArrayBuffer(8));

/** Sign, unbiased exponent and the 52 bits of a double's fraction; exponent -1023 marks a subnormal. */
export function doubleParts(value: number): { negative: boolean; exponent: number; high: number; low: number } {
  view.setFloat64(0, value);
  const top = view.getUint32(0);
  return {
    negative: top >>> 31 === 1,
    exponent: ((top >>> 20) & 0x7ff) - 1023,
    high: top & 0xfffff,
    low: view.getUint32(4),
  };
}

/** The binary form of a finite, non-zero number. */
export function toBinary(number: number | bigint | DecimalParts): BinaryNumber {
  if (typeof number === 'bigint') return fromRatio(number < 0n, number < 0n ? -number : number, 1n);
  if (typeof number === 'number') {
    const { negative, exponent, high, low } = doubleParts(number);
    const fraction = (BigInt(high) << 32n) | BigInt(low);
    if (exponent === -1023) return fromRatio(negative, fraction, 1n << 1074n);
    return { negative, exponent, mantissa: fraction << BigInt(MANTISSA_BITS - 52), inexact: false };
  }
  if (number.kind !== 'finite') throw new RangeError('not a finite number');
  const { negative, coefficient, exponent } = number;
  return exponent >= 0
    ? fromRatio(negative, coefficient * 10n ** BigInt(exponent), 1n)
    : fromRatio(negative, coefficient, 10n ** BigInt(-exponent));
}

function compareMagnitude(a: BinaryNumber, b: BinaryNumber): number {
  if (a.exponent !== b.exponent) return a.exponent < b.exponent ? -1 : 1;
  if (a.mantissa !== b.mantissa) return a.mantissa < b.mantissa ? -1 : 1;
  return Number(a.inexact) - Number(b.inexact);
}

function compareDoubles(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return 0;
  return Number.isNaN(a) ? (Number.isNaN(b) ? 0 : -1) : 1;
}

/** Compares two numbers of any BSON types by their exact values; NaN is the lowest number, -0 equals 0. */
export function compareNumbers(a: unknown, b: unknown): number {
  const left = numberOf(a);
  const right = numberOf(b);
  if (typeof left === 'number' && typeof right === 'number') return compareDoubles(left, right);
  if (typeof left === 'bigint' && typeof right === 'bigint') return left < right ? -1 : left > right ? 1 : 0;
  const leftSpecial = specialNumber(left);
  const rightSpecial = specialNumber(right);
  if (leftSpecial !== null || rightSpecial !== null) {
    return compareDoubles(leftSpecial ?? signOf(left), rightSpecial ?? signOf(right));
  }
  const x = toBinary(left);
  const y = toBinary(right);
  if (x.negative !== y.negative) return x.negative ? -1 : 1;
  const magnitude = compareMagnitude(x, y);
  return magnitude === 0 ? 0 : x.negative ? -magnitude : magnitude;
}

function signOf(number: number | bigint | DecimalParts): number {
  if (typeof number === 'object') return 'negative' in number && number.negative ? -1 : 1;
  return number < 0 ? -1 : 1;
}
