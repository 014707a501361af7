import { compareValues, valuesEqual } from '../bson/compare';
import { exactInt64, toNumber } from '../bson/numbers';
import { cloneValue, Document, fieldsOf, getField, isDocument, isNumber, typeName } from '../bson/values';
import { CommandError } from '../errors';
import { isOperatorDocument, isRegex } from '../query/element-tests';
import { compileFilter } from '../query/matcher';
import type { FieldOperator } from './field-operator';

function badValue(message: string): CommandError {
  return new CommandError(2, 'BadValue', message);
}

function arrayArgument(operator: string, value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw badValue(`The argument to $each in ${operator} must be an array but it was of type: ${typeName(value)}`);
}

function integerClause(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const integer = isNumber(value) ? exactInt64(value) : null;
  if (integer === null)
    throw badValue(`The value for ${name} must be an integer value but was given type: ${typeName(value)}`);
  return Number(integer);
}

type Compare = (a: unknown, b: unknown) => number;

/** In $push, paths of $sort lead through documents only; what is not there sorts as null. */
function plainValue(element: unknown, parts: readonly string[]): unknown {
  let value = element;
  for (const part of parts) value = isDocument(value) ? getField(fieldsOf(value), part) : undefined;
  return value ?? null;
}

function sortDirection(value: unknown): 1 | -1 {
  const direction = isNumber(value) ? toNumber(value) : 0;
  if (direction !== 1 && direction !== -1) throw badValue('The $sort element value must be either 1 or -1');
  return direction;
}

function compileSortClause(value: unknown): Compare | undefined {
  if (value === undefined) return undefined;
  if (isNumber(value)) {
    const direction = sortDirection(value);
    return (a, b) => compareValues(a, b) * direction;
  }
  if (!isDocument(value))
    throw badValue('The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields');
  const names = Object.keys(value);
  if (names.length === 0) throw badValue('The $sort pattern is empty when it should be a set of fields.');
  const fields = names.map((name) => {
    if (name === '' || name.split('.').includes(''))
      throw badValue(`The $sort field is a dotted field but has an empty part: ${name}`);
    return { parts: name.split('.'), direction: sortDirection(value[name]) };
  });
  return (a, b) => {
    for (const { parts, direction } of fields) {
      const order = compareValues(plainValue(a, parts), plainValue(b, parts)) * direction;
      if (order !== 0) return order;
    }
    return 0;
  };
}

function insertAt(array: unknown[], position: number | undefined, items: readonly unknown[]): unknown[] {
  const at = position ?? array.length;
  return at < 0 ? array.toSpliced(Math.max(array.length + at, 0), 0, ...items) : array.toSpliced(at, 0, ...items);
}

/** $push with its clauses: insert, then sort, then slice. */
export function push(operand: unknown): FieldOperator {
  const clauses: Document = isDocument(operand) && Object.hasOwn(operand, '$each') ? operand : { $each: [operand] };
  const unknownName = Object.keys(clauses).find((name) => !['$each', '$position', '$slice', '$sort'].includes(name));
  if (unknownName !== undefined) throw badValue(`Unrecognized clause in $push: ${unknownName}`);
  const items = arrayArgument('$push', clauses['$each']);
  const position = integerClause('$position', clauses['$position']);
  const slice = integerClause('$slice', clauses['$slice']);
  const compare = compileSortClause(clauses['$sort']);
  return {
    onMissing: 'create',
    apply: (current, { path }) => {
      if (current !== undefined && !Array.isArray(current)) {
        throw badValue(`The field '${path}' must be an array but is of type ${typeName(current)}`);
      }
      let array = insertAt((current as unknown[] | undefined) ?? [], position, items.map(cloneValue));
      if (compare) array.sort(compare);
      if (slice !== undefined) array = slice < 0 ? array.slice(slice) : array.slice(0, slice);
      return array;
    },
  };
}

/** $addToSet: values that are not there yet; equal means equal in BSON's order, so 1 and 1.0 are the same. */
export function addToSet(operand: unknown): FieldOperator {
  const isEach = isDocument(operand) && Object.keys(operand)[0] === '$each';
  if (isEach && Object.keys(operand).length > 1) {
    throw badValue(`Found unexpected fields after $each in $addToSet: ${Object.keys(operand)[1]}`);
  }
  const items = isEach ? arrayArgument('$addToSet', operand['$each']) : [operand];
  return {
    onMissing: 'create',
    apply: (current, { path }) => {
      if (current !== undefined && !Array.isArray(current)) {
        throw badValue(
          `Cannot apply $addToSet to non-array field. Field named '${path}' has non-array type ${typeName(current)}`,
        );
      }
      const array: unknown[] = [...((current as unknown[] | undefined) ?? [])];
      for (const item of items) if (!array.some((present) => valuesEqual(present, item))) array.push(cloneValue(item));
      return array;
    },
  };
}

/** Removes what a test accepts. */
function culling(test: (element: unknown) => boolean): FieldOperator {
  return {
    onMissing: 'skip',
    apply: (current) => {
      if (!Array.isArray(current)) throw badValue('Cannot apply $pull to a non-array value');
      return (current as unknown[]).filter((element) => !test(element));
    },
  };
}

const WHOLE_DOCUMENT_OPERATORS = new Set(['$and', '$or', '$nor', '$expr', '$comment', '$where']);

/** $pull: by operators on the element, by a filter on elements that are documents, or by equality. */
export function pull(operand: unknown): FieldOperator {
  if (isRegex(operand) || (isOperatorDocument(operand) && !WHOLE_DOCUMENT_OPERATORS.has(Object.keys(operand)[0]!))) {
    const matches = compileFilter({ element: operand });
    return culling((element) => matches({ element }));
  }
  if (isDocument(operand)) {
    const matches = compileFilter(fieldsOf(operand));
    return culling((element) => isDocument(element) && matches(element));
  }
  return culling((element) => valuesEqual(element, operand));
}

/** $pullAll: every element equal to one of a list. */
export function pullAll(operand: unknown): FieldOperator {
  if (!Array.isArray(operand))
    throw badValue(`$pullAll requires an array argument but was given a ${typeName(operand)}`);
  const values: unknown[] = operand;
  return culling((element) => values.some((value) => valuesEqual(value, element)));
}

/** $pop: 1 removes the last element, -1 the first. */
export function pop(operand: unknown, path: string): FieldOperator {
  const end = isNumber(operand) ? exactInt64(operand) : null;
  if (end !== 1n && end !== -1n) throw new CommandError(9, 'FailedToParse', `$pop expects 1 or -1: ${path}`);
  return {
    onMissing: 'skip',
    apply: (current) => {
      if (!Array.isArray(current)) {
        throw new CommandError(
          14,
          'TypeMismatch',
          `Path '${path}' contains an element of non-array type '${typeName(current)}'`,
        );
      }
      const elements: unknown[] = current;
      return end === 1n ? elements.slice(0, -1) : elements.slice(1);
    },
  };
}
