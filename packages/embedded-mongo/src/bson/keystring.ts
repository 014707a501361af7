import { codeText, dateMillis, stringOf, TypeOrder, typeOrderOf } from './compare';
import { BinaryNumber, doubleParts, MANTISSA_BITS, numberOf, specialNumber, toBinary } from './number-order';
import { binaryBytes, binarySubtype, Document, fieldsOf, objectIdBytes, regexParts, timestampBits } from './values';
import type { Code } from 'bson';

/** The bytes a number starts with: its class, so that sign and special values need no further byte. */
const NumberTag = { nan: 20, negativeInfinity: 21, negative: 22, zero: 23, positive: 24, infinity: 25 } as const;

/** Decimals reach from 10^-6176 to 10^6145, binary exponents from -20517 to 20413. */
const EXPONENT_BIAS = 0x8000;
const GROUP_BITS = 7;
const GROUPS = MANTISSA_BITS / GROUP_BITS;

/** A longer buffer, of one long value, is given back. */
const KEPT_BYTES = 16_384;

/** Grows a buffer as bytes are appended. */
class ByteWriter {
  private buffer = Buffer.allocUnsafe(64);
  length = 0;

  private reserve(count: number): void {
    if (this.length + count <= this.buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + count));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  uint16(value: number): void {
    this.byte(value >>> 8);
    this.byte(value & 0xff);
  }

  uint64(value: bigint): void {
    this.reserve(8);
    this.length = this.buffer.writeBigUInt64BE(value, this.length);
  }

  bytes(value: Uint8Array): void {
    this.reserve(value.length);
    this.buffer.set(value, this.length);
    this.length += value.length;
  }

  /** UTF-8 with 0x00 written as 00 FF and 00 00 at the end: ordered as the text and free of prefixes. */
  text(value: string): void {
    if (value.includes('\0')) {
      for (const byte of Buffer.from(value, 'utf8')) {
        this.byte(byte);
        if (byte === 0) this.byte(0xff);
      }
    } else {
      this.reserve(value.length * 3);
      this.length += this.buffer.write(value, this.length, 'utf8');
    }
    this.uint16(0);
  }

  invert(from: number): void {
    for (let i = from; i < this.length; i++) this.buffer[i] = ~this.buffer[i]! & 0xff;
  }

  /** A copy of what was written. The writer can be used again: keys are made one at a time. */
  take(): Buffer {
    const out = Buffer.from(this.buffer.subarray(0, this.length));
    if (this.buffer.length > KEPT_BYTES) this.buffer = Buffer.allocUnsafe(64);
    this.length = 0;
    return out;
  }
}

/**
 * Writes a mantissa as groups of 7 bits, highest first, each followed by a bit that tells whether more follow. Groups
 * of zeros at the end are left out, so small integers stay short and a longer mantissa is always a greater one.
 */
function writeGroups(out: ByteWriter, groups: readonly number[], inexact: boolean): void {
  let last = inexact ? groups.length - 1 : 0;
  if (!inexact) for (let i = 1; i < groups.length; i++) if (groups[i] !== 0) last = i;
  for (let i = 0; i <= last; i++) out.byte((groups[i]! << 1) | (i < last || inexact ? 1 : 0));
  if (inexact) out.byte(0);
}

function groupsOf(number: BinaryNumber): number[] {
  const groups: number[] = [];
  for (let i = GROUPS - 1; i >= 0; i--) groups.push(Number((number.mantissa >> BigInt(i * GROUP_BITS)) & 127n));
  return groups;
}

/** The 52 bits of a double's fraction in 8 groups of 7 (the last 4 bits are zero). */
function doubleGroups(high: number, low: number): number[] {
  return [
    high >>> 13,
    (high >>> 6) & 127,
    ((high & 63) << 1) | (low >>> 31),
    (low >>> 24) & 127,
    (low >>> 17) & 127,
    (low >>> 10) & 127,
    (low >>> 3) & 127,
    (low & 7) << 4,
  ];
}

function specialTag(value: number): number {
  if (Number.isNaN(value)) return NumberTag.nan;
  if (value === 0) return NumberTag.zero;
  return value < 0 ? NumberTag.negativeInfinity : NumberTag.infinity;
}

/**
 * A number is its class, its binary exponent and its mantissa; a negative one has the latter two inverted. The form
 * depends on the value alone, so 1, 1.0, NumberLong(1) and NumberDecimal('1.0') encode alike.
 */
function writeNumber(out: ByteWriter, value: unknown): void {
  const number = numberOf(value);
  const special = specialNumber(number);
  if (special !== null) return out.byte(specialTag(special));
  const double = typeof number === 'number' ? doubleParts(number) : null;
  if (double !== null && double.exponent !== -1023) {
    out.byte(double.negative ? NumberTag.negative : NumberTag.positive);
    const start = out.length;
    out.uint16(double.exponent + EXPONENT_BIAS);
    writeGroups(out, doubleGroups(double.high, double.low), false);
    if (double.negative) out.invert(start);
    return;
  }
  const binary = toBinary(number);
  out.byte(binary.negative ? NumberTag.negative : NumberTag.positive);
  const start = out.length;
  out.uint16(binary.exponent + EXPONENT_BIAS);
  writeGroups(out, groupsOf(binary), binary.inexact);
  if (binary.negative) out.invert(start);
}

function writeFields(out: ByteWriter, document: Document): void {
  const fields = fieldsOf(document);
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    // Fields compare by type, then name, then value; the type comes first here for that reason.
    out.byte(typeOrderOf(value));
    out.text(name);
    writeValue(out, value);
  }
  out.byte(0);
}

function writeBinary(out: ByteWriter, value: unknown): void {
  const bytes = binaryBytes(value);
  out.uint16(bytes.length >>> 16);
  out.uint16(bytes.length & 0xffff);
  out.byte(binarySubtype(value));
  out.bytes(bytes);
}

function writeContents(out: ByteWriter, order: number, value: unknown): void {
  switch (order) {
    case TypeOrder.string:
      return out.text(stringOf(value));
    case TypeOrder.object:
      return writeFields(out, value as Document);
    case TypeOrder.array:
      for (const element of value as unknown[]) writeValue(out, element);
      return out.byte(0);
    case TypeOrder.binData:
      return writeBinary(out, value);
    case TypeOrder.objectId:
      return out.bytes(objectIdBytes(value));
    case TypeOrder.bool:
      return out.byte(value === true ? 1 : 0);
    case TypeOrder.date:
      // Flipping the sign bit makes dates before 1970 sort below the others.
      return out.uint64(BigInt.asUintN(64, BigInt(dateMillis(value))) ^ (1n << 63n));
    case TypeOrder.timestamp:
      return out.uint64(timestampBits(value));
    case TypeOrder.regex: {
      const { pattern, options } = regexParts(value);
      out.text(pattern);
      return out.text(options);
    }
    case TypeOrder.javascript:
      return out.text(codeText(value));
    case TypeOrder.javascriptWithScope:
      out.text(codeText(value));
      return writeFields(out, (value as Code).scope ?? {});
    default:
      return;
  }
}

function writeValue(out: ByteWriter, value: unknown): void {
  const order = typeOrderOf(value);
  if (order === TypeOrder.number) return writeNumber(out, value);
  out.byte(order);
  writeContents(out, order, value);
}

const writer = new ByteWriter();

/** The order-preserving, prefix-free bytes of one value. A missing value (JS undefined) is written as null. */
export function encodeValue(value: unknown): Buffer {
  writer.length = 0;
  writeValue(writer, value);
  return writer.take();
}

/**
 * The bytes of a compound key: each value's bytes in turn, inverted where the index is descending. No value's bytes are
 * a prefix of another's, so the bytes of the first n values are the prefix of exactly the keys that share them. `id`
 * goes before them as four bytes, `suffix` behind them as it is.
 */
export function encodeKey(
  values: readonly unknown[],
  directions: readonly (1 | -1)[],
  id?: number,
  suffix?: Uint8Array,
): Buffer {
  writer.length = 0;
  if (id !== undefined) {
    writer.uint16(id >>> 16);
    writer.uint16(id & 0xffff);
  }
  for (let i = 0; i < values.length; i++) {
    const start = writer.length;
    writeValue(writer, values[i]);
    if (directions[i] === -1) writer.invert(start);
  }
  if (suffix) writer.bytes(suffix);
  return writer.take();
}
