import { Int32, Timestamp } from 'bson';
import { compareValues } from '../bson/compare';
import { addNumbers, bitwise, multiplyNumbers, zeroLike } from '../bson/numbers';
import { BsonType, bsonTypeOf, cloneValue, isDocument, isNumber, typeName } from '../bson/values';
import { CommandError } from '../errors';
import type { FieldOperator } from './field-operator';
import { addToSet, pop, pull, pullAll, push } from './array-operators';

type Compile = (operand: unknown, path: string) => FieldOperator;

function badValue(message: string): CommandError {
  return new CommandError(2, 'BadValue', message);
}

/** BSON's deprecated undefined decodes to JS undefined, which would mean removal here. */
const set: Compile = (operand) => ({ onMissing: 'create', apply: () => cloneValue(operand) ?? null });

function arithmetic(
  operator: string,
  verb: string,
  calculate: (current: unknown, operand: unknown) => unknown,
  whenMissing: (operand: unknown) => unknown,
): Compile {
  return (operand, path) => {
    if (!isNumber(operand)) {
      throw new CommandError(
        14,
        'TypeMismatch',
        `Cannot ${verb} with non-numeric argument: {${path}: <${typeName(operand)}>}`,
      );
    }
    return {
      onMissing: 'create',
      apply: (current) => {
        if (current === undefined) return whenMissing(operand);
        if (isNumber(current)) return calculate(current, operand);
        const message = `Cannot apply ${operator} to a value of non-numeric type. The document has the field '${path}' of non-numeric type ${typeName(current)}`;
        throw new CommandError(14, 'TypeMismatch', message);
      },
    };
  };
}

function extreme(replaces: (order: number) => boolean): Compile {
  return (operand) => ({
    onMissing: 'create',
    apply: (current) =>
      current === undefined || replaces(compareValues(operand, current)) ? cloneValue(operand) : current,
  });
}

const currentDate: Compile = (operand, path) => {
  let kind: unknown = operand === true || operand === false ? 'date' : undefined;
  if (isDocument(operand)) {
    const unknownName = Object.keys(operand).find((name) => name !== '$type');
    if (unknownName !== undefined) throw badValue(`Unrecognized $currentDate option: ${unknownName}`);
    kind = operand['$type'];
  }
  if (kind !== 'date' && kind !== 'timestamp') {
    throw badValue(
      `${typeName(operand)} is not valid type for $currentDate. Please use a boolean ('true') or a $type expression ({$type: 'timestamp/date'}): ${path}`,
    );
  }
  return {
    onMissing: 'create',
    apply: (_current, { now }) =>
      kind === 'date' ? new Date(now) : new Timestamp({ t: Math.floor(now.getTime() / 1000), i: 1 }),
  };
};

const bitOperations: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
};

function isInteger(value: unknown): boolean {
  const type = bsonTypeOf(value);
  return type === BsonType.int || type === BsonType.long;
}

const bit: Compile = (operand, path) => {
  if (!isDocument(operand)) {
    throw badValue(
      `The $bit modifier is not compatible with a ${typeName(operand)}. You must pass in an embedded document: {$bit: {field: {and/or/xor: #}}`,
    );
  }
  const names = Object.keys(operand);
  if (names.length === 0)
    throw badValue(`You must pass in at least one bitwise operation. The format is: {$bit: {field: {and/or/xor: #}}`);
  for (const name of names) {
    if (!Object.hasOwn(bitOperations, name))
      throw badValue(`The $bit modifier only supports 'and', 'or', and 'xor', not '${name}'`);
    if (!isInteger(operand[name]))
      throw badValue(
        `The $bit modifier field must be an Integer(32/64 bit); a '${typeName(operand[name])}' is not supported here: {${path}}`,
      );
  }
  return {
    onMissing: 'create',
    apply: (current) => {
      if (current !== undefined && !isInteger(current)) {
        throw badValue(
          `Cannot apply $bit to a value of non-integral type. The document has the field ${path} of non-integer type ${typeName(current)}`,
        );
      }
      return names.reduce(
        (value: unknown, name) => bitwise(value, operand[name], bitOperations[name]!),
        current ?? new Int32(0),
      );
    },
  };
};

/** The update operators that act on one path each; $rename touches two and lives in update.ts. */
export const operators: ReadonlyMap<string, Compile> = new Map<string, Compile>([
  ['$set', set],
  ['$setOnInsert', (operand, path) => ({ ...set(operand, path), onInsertOnly: true })],
  ['$unset', () => ({ onMissing: 'ignore', apply: () => undefined })],
  ['$inc', arithmetic('$inc', 'increment', addNumbers, (operand) => operand)],
  ['$mul', arithmetic('$mul', 'multiply', multiplyNumbers, zeroLike)],
  ['$min', extreme((order) => order < 0)],
  ['$max', extreme((order) => order > 0)],
  ['$currentDate', currentDate],
  ['$bit', bit],
  ['$push', push],
  ['$addToSet', addToSet],
  ['$pull', pull],
  ['$pullAll', pullAll],
  ['$pop', pop],
]);
