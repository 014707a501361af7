import { compareValues, TypeOrder, typeOrderOf } from '../bson/compare';
import { exactInt64, isTruthy } from '../bson/numbers';
import {
  BsonType,
  bsonTypeOf,
  Document,
  fieldsOf,
  getField,
  isDocument,
  isNullish,
  isNumber,
  setField,
  typeName,
} from '../bson/values';
import { CommandError } from '../errors';
import { calculate, calculations } from './arithmetic';
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
    if (variable === 'REMOVE') return () => undefined;
    if (variable === 'NOW') return () => new Date();
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

/** The name $getField and $setField speak of: a constant, possibly behind $literal. */
function constantName(operator: string, field: unknown): string {
  const name = isDocument(field) ? field['$literal'] : field;
  if (typeof name === 'string' && (name !== field || !name.startsWith('$'))) return name;
  throw new CommandError(4161107, 'Location4161107', `${operator} requires 'field' to evaluate to a constant string`);
}

function compileSetField(operand: unknown): Expression {
  if (!isDocument(operand) || !['field', 'input', 'value'].every((name) => Object.hasOwn(operand, name))) {
    throw new CommandError(4161102, 'Location4161102', "$setField requires 'field', 'input' and 'value'");
  }
  const name = constantName('$setField', operand['field']);
  const input = compileExpression(operand['input']);
  const value = compileExpression(operand['value']);
  return (document) => {
    const target = input(document);
    if (isNullish(target)) return null;
    if (!isDocument(target)) {
      throw new CommandError(4161105, 'Location4161105', "$setField requires 'input' to evaluate to type Object");
    }
    const result = { ...fieldsOf(target) };
    const next = value(document);
    if (next === undefined) delete result[name];
    else setField(result, name, next);
    return result;
  };
}

function compileGetField(operand: unknown): Expression {
  const spec =
    isDocument(operand) && Object.hasOwn(operand, 'field') ? operand : { field: operand, input: '$$CURRENT' };
  const name = constantName('$getField', spec['field']);
  const input = compileExpression(spec['input'] ?? '$$CURRENT');
  return (document) => {
    const target = input(document);
    return isDocument(target) ? getField(fieldsOf(target), name) : undefined;
  };
}

function mergeObjects(values: readonly unknown[]): Document {
  const result: Document = {};
  for (const value of values) {
    if (isNullish(value)) continue;
    if (!isDocument(value)) {
      const message = `$mergeObjects requires object inputs, but input is of type ${typeName(value)}`;
      throw new CommandError(40400, 'Location40400', message);
    }
    for (const [name, field] of Object.entries(fieldsOf(value))) setField(result, name, field);
  }
  return result;
}

function elementAt(array: unknown, index: unknown): unknown {
  if (isNullish(array) || isNullish(index)) return null;
  const at = isNumber(index) ? exactInt64(index) : null;
  if (at === null) {
    throw new CommandError(28690, 'Location28690', '$arrayElemAt takes an integer as its second argument');
  }
  return arrayOf(array, '$arrayElemAt', 28689).at(Number(at));
}

function compileOperator(operator: string, operand: unknown): Expression {
  const calculation = Object.hasOwn(calculations, operator) ? calculations[operator] : undefined;
  if (calculation) {
    const given: unknown[] = Array.isArray(operand) ? operand : [operand];
    const items = operandsOf(operator, operand, calculation.count ?? given.length);
    return (document) =>
      calculate(
        calculation,
        items.map((item) => item(document)),
      );
  }
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
    case '$arrayElemAt': {
      const [array, index] = operandsOf(operator, operand, 2);
      return (document) => elementAt(array!(document), index!(document));
    }
    case '$mergeObjects': {
      const items = list();
      const isList = Array.isArray(operand);
      return (document) => {
        const values = items.map((item) => item(document));
        return mergeObjects(!isList && Array.isArray(values[0]) ? (values[0] as unknown[]) : values);
      };
    }
    case '$getField':
      return compileGetField(operand);
    case '$setField':
      return compileSetField(operand);
    case '$cond':
      return compileCond(operand);
    case '$literal':
      return () => operand;
    default:
      throw new CommandError(
        168,
        'InvalidPipelineOperator',
        `Unrecognized expression '${operator}', or not supported by this store`,
      );
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
