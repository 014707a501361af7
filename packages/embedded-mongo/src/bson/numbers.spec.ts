import { Decimal128, Double, Int32, Long } from 'bson';
import { addNumbers, bitwise, exactInt64, isTruthy, multiplyNumbers, truncateToInt64 } from './numbers';
import { typeName } from './values';

const dec = (text: string): Decimal128 => Decimal128.fromString(text);
const shown = (value: Int32 | Long | Double | Decimal128): string => `${typeName(value)} ${value.toString()}`;
const L = (text: string): Long => Long.fromString(text);

describe('type-preserving $inc with overflow', () => {
  it.each([
    [new Int32(1), new Int32(2), 'int 3'],
    [new Int32(2147483647), new Int32(1), 'long 2147483648'],
    [new Int32(1), L('1'), 'long 2'],
    [L('9007199254740993'), new Int32(2), 'long 9007199254740995'],
    [new Int32(1), new Double(1), 'double 2'],
    [L('1'), new Double(0.5), 'double 1.5'],
    [new Double(5), new Double(-5), 'double 0'],
    [dec('1.10'), new Int32(1), 'decimal 2.10'],
    [dec('0.1'), new Double(0.1), 'decimal 0.200000000000000'],
    [dec('9999999999999999999999999999999999'), dec('0.5'), 'decimal 1.000000000000000000000000000000000E+34'],
    [dec('Infinity'), dec('-Infinity'), 'decimal NaN'],
    [dec('9.999999999999999999999999999999999E+6144'), dec('1E+6144'), 'decimal Infinity'],
  ])('%s + %s = %s', (a, b, expected) => {
    expect(shown(addNumbers(a, b))).toBe(expected);
  });

  it('answers an error when a long overflows', () => {
    const overflow = expect.objectContaining({ code: 2, codeName: 'BadValue' }) as Error;
    expect(() => addNumbers(Long.MAX_VALUE, new Int32(1))).toThrow(overflow);
    expect(() => multiplyNumbers(Long.MIN_VALUE, new Int32(-1))).toThrow(overflow);
  });
});

describe('$mul', () => {
  it.each([
    [new Int32(65536), new Int32(65536), 'long 4294967296'],
    [new Int32(3), new Double(0.5), 'double 1.5'],
    [dec('1.5'), new Int32(3), 'decimal 4.5'],
    [dec('1E-6000'), dec('1E-6000'), 'decimal 0E-6176'],
    [dec('0'), dec('Infinity'), 'decimal NaN'],
  ])('%s * %s = %s', (a, b, expected) => {
    expect(shown(multiplyNumbers(a, b))).toBe(expected);
  });
});

describe('conversions', () => {
  it('truncate towards zero and refuse what no int64 holds', () => {
    expect([new Double(-1.9), dec('1.9'), dec('1E+3'), L('9007199254740993')].map(truncateToInt64)).toEqual([
      -1n,
      1n,
      1000n,
      9007199254740993n,
    ]);
    expect([new Double(NaN), new Double(1e19), dec('1E+400'), 'x'].map(truncateToInt64)).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });

  it('tell whole numbers from fractions', () => {
    expect([new Double(2), new Double(2.5), dec('2.00'), dec('2.01')].map(exactInt64)).toEqual([2n, null, 2n, null]);
  });

  it('keep $bit in the wider integer type', () => {
    expect(shown(bitwise(new Int32(6), new Int32(3), (a, b) => a & b))).toBe('int 2');
    expect(shown(bitwise(new Int32(6), L('1'), (a, b) => a | b))).toBe('long 7');
  });

  it('read flags as MongoDB does', () => {
    expect([true, 1, 'false', {}, new Double(NaN)].every(isTruthy)).toBe(true);
    expect([false, null, new Int32(0), new Double(-0), dec('0.0')].some(isTruthy)).toBe(false);
  });
});
