import { Binary, BSONRegExp, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'bson';
import fc from 'fast-check';
import { compareValues } from './compare';
import { encodeKey, encodeValue } from './keystring';
import { BSON_UNDEFINED } from './values';

const smallDecimal = fc
  .record({ c: fc.bigInt({ min: -(10n ** 34n) + 1n, max: 10n ** 34n - 1n }), e: fc.integer({ min: -40, max: 20 }) })
  .map(({ c, e }) => Decimal128.fromString(`${c}E${e}`));
const wideDecimal = fc
  .record({ c: fc.bigInt({ min: -999n, max: 999n }), e: fc.integer({ min: -6176, max: 6111 }) })
  .map(({ c, e }) => Decimal128.fromString(`${c}E${e}`));
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((n) => Long.fromBigInt(n));
const around = fc
  .record({
    bits: fc.integer({ min: 0, max: 62 }),
    off: fc.integer({ min: -3, max: 3 }),
    kind: fc.integer({ min: 0, max: 2 }),
  })
  .map(({ bits, off, kind }) => {
    const n = 2n ** BigInt(bits) + BigInt(off);
    if (kind === 0) return Long.fromBigInt(n);
    return kind === 1 ? new Double(Number(n)) : Decimal128.fromString(n.toString());
  });
const number = fc.oneof(
  fc.integer().map((n) => new Int32(n)),
  fc.integer({ min: -3, max: 3 }).map((n) => new Double(n / 2)),
  fc.double().map((n) => new Double(n)),
  long,
  around,
  smallDecimal,
  wideDecimal,
  fc.constantFrom(new Double(NaN), new Double(-0), Decimal128.fromString('NaN'), Decimal128.fromString('-Infinity')),
);
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 5 }),
  fc.constantFrom('', 'a', 'a\0', 'a\0b', 'ab', '\u0001'),
);
const bytes = fc.uint8Array({ maxLength: 4 });
const scalar = fc.oneof(
  { arbitrary: number, weight: 4 },
  { arbitrary: text, weight: 3 },
  fc.constantFrom<unknown>(null, undefined, BSON_UNDEFINED, true, false, new MinKey(), new MaxKey()),
  fc.integer({ min: -(10 ** 15), max: 10 ** 15 }).map((n) => new Date(n)),
  fc.tuple(bytes, fc.constantFrom(0, 4, 5)).map(([b, type]) => new Binary(b, type)),
  fc.uint8Array({ minLength: 12, maxLength: 12 }).map((b) => new ObjectId(b)),
  fc.tuple(fc.nat(), fc.nat()).map(([t, i]) => new Timestamp({ t, i })),
  fc.tuple(fc.constantFrom('', 'a', '^b'), fc.constantFrom('', 'i')).map(([p, o]) => new BSONRegExp(p, o)),
);
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { arbitrary: scalar, weight: 5 },
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'ab', '', '__proto__'), tie('value'), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
  ),
})).value;

const sign = (n: number): number => Math.sign(n);

describe('key strings', () => {
  it('order any two values as compareValues does', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(sign(Buffer.compare(encodeValue(a), encodeValue(b)))).toBe(sign(compareValues(a, b)));
      }),
      { numRuns: 5000 },
    );
  });

  it('order any two numbers as compareValues does', () => {
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(sign(Buffer.compare(encodeValue(a), encodeValue(b)))).toBe(sign(compareValues(a, b)));
      }),
      { numRuns: 5000 },
    );
  });

  it('order exact numbers as their exact values are ordered (an independent check by fractions)', () => {
    const exact = fc.oneof(
      long,
      around,
      smallDecimal,
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 }).map((n) => new Double(n)),
    );
    fc.assert(
      fc.property(exact, exact, (a, b) => {
        const left = fraction(a);
        const right = fraction(b);
        const difference = left.n * right.d - right.n * left.d;
        const expected = difference < 0n ? -1 : difference > 0n ? 1 : 0;
        expect(sign(Buffer.compare(encodeValue(a), encodeValue(b)))).toBe(expected);
        expect(sign(compareValues(a, b))).toBe(expected);
      }),
      { numRuns: 5000 },
    );
  });

  it('are free of prefixes: no value starts with another', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        fc.pre(compareValues(a, b) !== 0);
        const x = encodeValue(a);
        const y = encodeValue(b);
        expect(x.subarray(0, y.length).equals(y)).toBe(false);
      }),
      { numRuns: 3000 },
    );
  });

  it('of several values order field by field, inverted where descending', () => {
    const direction = fc.constantFrom<1 | -1>(1, -1);
    const triple = fc.tuple(value, value, value);
    fc.assert(
      fc.property(triple, triple, fc.tuple(direction, direction, direction), (a, b, directions) => {
        let expected = 0;
        for (let i = 0; i < 3 && expected === 0; i++) expected = sign(compareValues(a[i], b[i])) * directions[i]!;
        expect(sign(Buffer.compare(encodeKey(a, directions), encodeKey(b, directions)))).toBe(expected);
      }),
      { numRuns: 3000 },
    );
  });

  it('of a compound key start with the bytes of its leading values', () => {
    const key = encodeKey(['a', new Int32(1), null], [1, -1, 1]);
    expect(key.subarray(0, encodeKey(['a', 1], [1, -1]).length).equals(encodeKey(['a', 1], [1, -1]))).toBe(true);
  });

  it('are the same for equal numbers of different types', () => {
    const ones = [1, 1n, new Int32(1), new Double(1), Long.fromNumber(1), Decimal128.fromString('1.000')];
    expect(new Set(ones.map((one) => encodeValue(one).toString('hex'))).size).toBe(1);
  });

  it('write a missing value as null and an empty array (BSON_UNDEFINED) below null', () => {
    expect(encodeValue(undefined).equals(encodeValue(null))).toBe(true);
    expect(Buffer.compare(encodeValue(BSON_UNDEFINED), encodeValue(null))).toBe(-1);
  });

  it('are short: 4 bytes for a small power of two, 13 for an ObjectId, 9 for a date', () => {
    expect([new Int32(64), new ObjectId(), new Date()].map((v) => encodeValue(v).length)).toEqual([4, 13, 9]);
  });
});

/** The exact value of a number as a fraction, worked out from its text or by doubling. */
function fraction(v: Long | Double | Decimal128): { n: bigint; d: bigint } {
  if (v instanceof Long) return { n: v.toBigInt(), d: 1n };
  if (v instanceof Double) {
    let n = v.value;
    let d = 1n;
    while (!Number.isInteger(n)) {
      n *= 2;
      d *= 2n;
    }
    return { n: BigInt(n), d };
  }
  const [digits = '0', exponent = '0'] = v.toString().split('E');
  const [whole = '0', decimals = ''] = digits.split('.');
  const power = Number(exponent) - decimals.length;
  const n = BigInt(whole + decimals);
  return power >= 0 ? { n: n * 10n ** BigInt(power), d: 1n } : { n, d: 10n ** BigInt(-power) };
}
