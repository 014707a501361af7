import { Binary, BSONRegExp, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'bson';
import { compareValues, valuesEqual } from './compare';
import { BSON_UNDEFINED, bsonTypeOf, typeName } from './values';

const decimal = (text: string): Decimal128 => Decimal128.fromString(text);

describe('BSON order', () => {
  const ladder: [string, unknown][] = [
    ['MinKey', new MinKey()],
    ['undefined', BSON_UNDEFINED],
    ['null', null],
    ['NaN', new Double(NaN)],
    ['-Infinity', new Double(-Infinity)],
    ['decimal below the lowest double', decimal('-1E+400')],
    ['lowest long', Long.MIN_VALUE],
    ['-1.5', new Double(-1.5)],
    ['decimal -1E-6176', decimal('-1E-6176')],
    ['0', new Int32(0)],
    ['decimal 1E-6176', decimal('1E-6176')],
    ['lowest double above 0', new Double(5e-324)],
    ['decimal 0.1', decimal('0.1')],
    ['double 0.1, a little above', new Double(0.1)],
    ['2^53', Long.fromString('9007199254740992')],
    ['2^53 + 1', Long.fromString('9007199254740993')],
    ['decimal 2^53 + 1.5', decimal('9007199254740993.5')],
    ['2^53 + 2', Long.fromString('9007199254740994')],
    ['highest long', Long.MAX_VALUE],
    ['2^63 as a double', new Double(2 ** 63)],
    ['highest double', new Double(Number.MAX_VALUE)],
    ['decimal 1E+400', decimal('1E+400')],
    ['Infinity', new Double(Infinity)],
    ['empty string', ''],
    ['a', 'a'],
    ['a NUL', 'a\0'],
    ['b', 'b'],
    ['U+FFFD', '\ufffd'],
    ['U+1F600, above U+FFFD in UTF-8 but not in UTF-16', '😀'],
    ['empty object', {}],
    ['{b: 1}: type before name', { b: new Int32(1) }],
    ['{a: "x"}', { a: 'x' }],
    ['{a: "x", b: null}', { a: 'x', b: null }],
    ['{b: "a"}', { b: 'a' }],
    ['empty array', []],
    ['[1]', [new Int32(1)]],
    ['[1, 2]', [new Int32(1), new Int32(2)]],
    ['[2]', [new Int32(2)]],
    ['short binary', new Binary(Buffer.from([255]), 5)],
    ['longer binary', new Binary(Buffer.from([0, 0]), 0)],
    ['same length, higher subtype', new Binary(Buffer.from([0, 0]), 4)],
    ['ObjectId', new ObjectId('000000000000000000000001')],
    ['false', false],
    ['true', true],
    ['Date before 1970', new Date(-1)],
    ['Date at 1970', new Date(0)],
    ['Timestamp', new Timestamp({ t: 1, i: 1 })],
    ['high Timestamp', new Timestamp({ t: 0xffffffff, i: 0xffffffff })],
    ['regex', new BSONRegExp('a', 'i')],
    ['MaxKey', new MaxKey()],
  ];

  it.each(ladder.slice(1).map((entry, i) => [ladder[i]![0], entry[0], ladder[i]![1], entry[1]] as const))(
    '%s < %s',
    (_low, _high, low, high) => {
      expect(compareValues(low, high)).toBeLessThan(0);
      expect(compareValues(high, low)).toBeGreaterThan(0);
    },
  );

  it('sorts all of them from any start', () => {
    const shuffled = [...ladder].sort(([a], [b]) => (a < b ? -1 : 1)).sort(([, a], [, b]) => compareValues(a, b));
    expect(shuffled.map(([name]) => name)).toEqual(ladder.map(([name]) => name));
  });

  it('holds 1, 1.0, NumberLong(1) and NumberDecimal("1.00") for equal', () => {
    const ones = [1, new Int32(1), new Double(1), Long.fromNumber(1), 1n, decimal('1.00')];
    for (const a of ones) for (const b of ones) expect(valuesEqual(a, b)).toBe(true);
  });

  it('holds -0 and 0, and every NaN, for equal', () => {
    expect(valuesEqual(new Double(-0), new Int32(0))).toBe(true);
    expect(valuesEqual(decimal('-0E+3'), 0)).toBe(true);
    expect(valuesEqual(decimal('NaN'), new Double(NaN))).toBe(true);
  });

  it('minds the order of fields', () => {
    expect(valuesEqual({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(false);
    expect(valuesEqual({ a: 1, b: new Double(2) }, { a: 1, b: 2 })).toBe(true);
  });

  it('reads a missing value as null', () => {
    expect(valuesEqual(undefined, null)).toBe(true);
  });
});

describe('BSON types', () => {
  it('are those of $type', () => {
    const types = [new Double(1), 'a', {}, [], new Binary(Buffer.alloc(1)), new ObjectId(), true, new Date(), null];
    expect(types.map(bsonTypeOf)).toEqual([1, 2, 3, 4, 5, 7, 8, 9, 10]);
    expect([5, 5.5, -0, 2 ** 31, 5n].map(typeName)).toEqual(['int', 'double', 'double', 'double', 'long']);
  });

  it('are not feigned by a field named _bsontype', () => {
    expect(typeName({ _bsontype: 'ObjectId', id: 'x' })).toBe('object');
  });
});
