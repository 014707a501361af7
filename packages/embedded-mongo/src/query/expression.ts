import { compareValues, TypeOrder, typeOrderOf } from '../bson/compare';
import { isTruthy } from '../bson/numbers';
import {
  BsonType,
  bsonTypeOf,
  Document,
  fieldsOf,
  getField,
  isDocument,
  isNullish,
  setField,
  typeName,
} from '../bson/values';
import { CommandError } from '../errors';
import { splitPath } from './path';

/** Computes a value from a document; undefined is a missing one. */
export type Expression = (document: Document) => unknown;

/** A path in an expression maps over arrays and, other than in a filter, never takes a number for an index. */
function valueAt(value: unknown, parts: readonly string[], from: number): unknown {
  if (from === parts.length) return value;
  if (Array.isArray(value)) {
    const elements = (value as unknown[]).filter(isDocument);
    return elements.map((element) => valueAt(element, parts, from)).filter((found) => found !== undefined);
  }
  return isDocument(value) ? valueAt(getField(fieldsOf(value), parts[from]!), parts, from + 1) : undefined;
}

function compilePath(path: string): Expression {
  if (path.startsWith('$$')) {
    const [variable, ...parts] = splitPath(path.slice(2));
    if (variable !== 'ROOT' && variable !== 'CURRENT') {
      throw new CommandError(17276, 'Location17276', `Use of undefined variable: ${variable}`);
    }
    return (document) => valueAt(document, parts, 0);
  }
  const parts = splitPath(path.slice(1));
  if (parts.some((part) => part === '' || part.startsWith('$'))) {
    throw new CommandError(40353, 'Location40353', `'${path}' is not a valid field path`);
  }
  return (document) => valueAt(document, parts, 0);
}

/** In an expression a missing value sorts below null and is not equal to it. */
function compareResults(a: unknown, b: unknown): number {
  if (a === undefined || b === undefined) {
    const order = (value: unknown): number => (value === undefined ? TypeOrder.undefined - 1 : typeOrderOf(value));
    return order(a) - order(b);
  }
  return compareValues(a, b);
}

function operandsOf(operator: string, operand: unknown, count: number): Expression[] {
  const operands: unknown[] = Array.isArray(operand) ? operand : [operand];
  if (operands.length !== count) {
    const message = `Expression ${operator} takes exactly ${count} arguments. ${operands.length} were passed in.`;
    throw new CommandError(16020, 'Location16020', message);
  }
  return operands.map(compileExpression);
}

const comparisons: Readonly<Record<string, (order: number) => boolean>> = {
  $eq: (order) => order === 0,
  $ne: (order) => order !== 0,
  $gt: (order) => order > 0,
  $gte: (order) => order >= 0,
  $lt: (order) => order < 0,
  $lte: (order) => order <= 0,
};

function arrayOf(value: unknown, operator: string, code: number): unknown[] {
  if (Array.isArray(value)) return value;
  throw new CommandError(
    code,
    `Location${code}`,
    `The argument to ${operator} must be an array, but was of type: ${typeName(value)}`,
  );
}

function compileCond(operand: unknown): Expression {
  const parts = isDocument(operand) ? [operand['if'], operand['then'], operand['else']] : operand;
  const [test, yes, no] = operandsOf('$cond', parts, 3);
  return (document) => (isTrueResult(test!(document)) ? yes!(document) : no!(document));
}

function compileOperator(operator: string, operand: unknown): Expression {
  if (Object.hasOwn(comparisons, operator)) {
    const [left, right] = operandsOf(operator, operand, 2);
    const accepts = comparisons[operator]!;
    return (document) => accepts(compareResults(left!(document), right!(document)));
  }
  const list = (): Expression[] => (Array.isArray(operand) ? operand : [operand]).map(compileExpression);
  switch (operator) {
    case '$and': {
      const items = list();
      return (document) => items.every((item) => isTrueResult(item(document)));
    }
    case '$or': {
      const items = list();
      return (document) => items.some((item) => isTrueResult(item(document)));
    }
    case '$not': {
      const [item] = operandsOf(operator, operand, 1);
      return (document) => !isTrueResult(item!(document));
    }
    case '$in': {
      const [item, array] = operandsOf(operator, operand, 2);
      return (document) => {
        const value = item!(document);
        return arrayOf(array!(document), operator, 40081).some((each) => compareResults(each, value) === 0);
      };
    }
    case '$size': {
      const [array] = operandsOf(operator, operand, 1);
      return (document) => arrayOf(array!(document), operator, 17124).length;
    }
    case '$ifNull': {
      const items = list();
      return (document) => {
        let value: unknown;
        for (const item of items) if (!isNullish((value = item(document)))) return value;
        return value;
      };
    }
    case '$cond':
      return compileCond(operand);
    case '$literal':
      return () => operand;
    default:
      throw new CommandError(168, 'InvalidPipelineOperator', `Unrecognized expression '${operator}'`);
  }
}

function compileObject(object: Document): Expression {
  const fields = Object.keys(object).map((name) => [name, compileExpression(object[name])] as const);
  return (document) => {
    const result: Document = {};
    for (const [name, expression] of fields) {
      const value = expression(document);
      if (value !== undefined) setField(result, name, value);
    }
    return result;
  };
}

/** Compiles an aggregation expression from the small set this store knows; others answer MongoDB's error 168. */
export function compileExpression(expression: unknown): Expression {
  if (typeof expression === 'string') return expression.startsWith('$') ? compilePath(expression) : () => expression;
  if (Array.isArray(expression)) {
    const items = (expression as unknown[]).map(compileExpression);
    return (document) => items.map((item) => item(document) ?? null);
  }
  if (bsonTypeOf(expression) !== BsonType.object) return () => expression;
  const object = fieldsOf(expression as Document);
  const names = Object.keys(object);
  const operator = names.find((name) => name.startsWith('$'));
  if (operator === undefined) return compileObject(object);
  if (names.length > 1) {
    const message = 'an expression specification must contain exactly one field, the name of the expression';
    throw new CommandError(15983, 'Location15983', message);
  }
  return compileOperator(operator, object[operator]);
}

/** What counts as true in an expression: anything but false, null, missing and zero. */
export function isTrueResult(value: unknown): boolean {
  return isTruthy(value);
}
