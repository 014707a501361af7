import { addOrDouble, divideNumbers, multiplyOrDouble, subtractOrDouble, truncateToInt64 } from '../bson/numbers';
import { isNullish, isNumber, typeName } from '../bson/values';
import { CommandError } from '../errors';

function typeMismatch(message: string): CommandError {
  return new CommandError(14, 'TypeMismatch', message);
}

function shiftDate(date: Date, amount: unknown, sign: 1 | -1): Date {
  return new Date(date.getTime() + sign * Number(truncateToInt64(amount) ?? NaN));
}

function add(values: readonly unknown[]): unknown {
  return values.reduce((sum, value) => {
    if (isNumber(sum) && isNumber(value)) return addOrDouble(sum, value);
    if (sum instanceof Date && isNumber(value)) return shiftDate(sum, value, 1);
    if (value instanceof Date && isNumber(sum)) return shiftDate(value, sum, 1);
    const wrong = isNumber(value) || value instanceof Date ? sum : value;
    if (value instanceof Date && sum instanceof Date) {
      throw new CommandError(16612, 'Location16612', 'only one date allowed in an $add expression');
    }
    throw typeMismatch(`$add only supports numeric or date types, not ${typeName(wrong)}`);
  });
}

function subtract([a, b]: readonly unknown[]): unknown {
  if (isNumber(a) && isNumber(b)) return subtractOrDouble(a, b);
  if (a instanceof Date && b instanceof Date) return subtractOrDouble(BigInt(a.getTime()), BigInt(b.getTime()));
  if (a instanceof Date && isNumber(b)) return shiftDate(a, b, -1);
  throw typeMismatch(`can't $subtract ${typeName(b)} from ${typeName(a)}`);
}

function multiply(values: readonly unknown[]): unknown {
  return values.reduce((product, value) =>
    multiplyOrDouble(numberIn('$multiply', product), numberIn('$multiply', value)),
  );
}

function divide([a, b]: readonly unknown[]): unknown {
  return divideNumbers(numberIn('$divide', a), numberIn('$divide', b));
}

function numberIn(operator: string, value: unknown): unknown {
  if (isNumber(value)) return value;
  throw typeMismatch(`${operator} only supports numeric types, not ${typeName(value)}`);
}

function concat(values: readonly unknown[]): string {
  const wrong = values.find((value) => typeof value !== 'string');
  if (wrong === undefined) return values.join('');
  throw new CommandError(16702, 'Location16702', `$concat only supports strings, not ${typeName(wrong)}`);
}

interface Calculation {
  /** How many operands it takes; undefined: as many as are given. */
  readonly count?: number;
  readonly empty?: unknown;
  readonly run: (values: readonly unknown[]) => unknown;
}

/** Operators whose result is null as soon as one operand is null or missing. */
export const calculations: Readonly<Record<string, Calculation>> = {
  $add: { run: add, empty: 0 },
  $subtract: { run: subtract, count: 2 },
  $multiply: { run: multiply, empty: 1 },
  $divide: { run: divide, count: 2 },
  $concat: { run: concat, empty: '' },
};

/** Applies one of the `calculations`. */
export function calculate({ run, empty }: Calculation, values: readonly unknown[]): unknown {
  if (values.some(isNullish)) return null;
  return values.length === 0 ? empty : run(values);
}
