import { compareValues } from '../bson/compare';
import { isDocument, bsonTag, bsonTypeOf, BsonType, type Document } from '../bson/values';
import { typeOrderOf } from '../bson/compare';
import type { Predicate } from './predicates';

/** True when one predicate alone makes sure that `path op operand` holds. */
function provesComparison(predicate: Predicate, op: string, operand: unknown): boolean {
  const sameClass = (value: unknown): boolean => typeOrderOf(value) === typeOrderOf(operand);
  const holds = (value: unknown): boolean => {
    if (!sameClass(value)) return false;
    const order = compareValues(value, operand);
    if (op === '$eq') return order === 0;
    if (op === '$gt') return order > 0;
    if (op === '$gte') return order >= 0;
    if (op === '$lt') return order < 0;
    return order <= 0;
  };
  if (predicate.op === 'eq' || predicate.op === 'in') return predicate.values.every(holds);
  const bound = predicate.values[0];
  if (!sameClass(bound)) return false;
  const order = compareValues(bound, operand);
  if (predicate.op === 'gt' && (op === '$gt' || op === '$gte')) return order >= 0;
  if (predicate.op === 'gte' && (op === '$gt' || op === '$gte')) return op === '$gt' ? order > 0 : order >= 0;
  if (predicate.op === 'lt' && (op === '$lt' || op === '$lte')) return order <= 0;
  if (predicate.op === 'lte' && (op === '$lt' || op === '$lte')) return op === '$lt' ? order < 0 : order <= 0;
  return false;
}

/** True when the predicate only matches documents that have the field, with something other than null. */
export function provesPresence(predicate: Predicate): boolean {
  return predicate.values.every((value) => value !== null && value !== undefined);
}

function provesOperator(predicate: Predicate, op: string, operand: unknown): boolean {
  switch (op) {
    case '$eq':
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return provesComparison(predicate, op, operand);
    case '$exists':
      return operand === true && provesPresence(predicate);
    case '$in':
      return (
        (predicate.op === 'eq' || predicate.op === 'in') &&
        Array.isArray(operand) &&
        predicate.values.every((value) =>
          operand.some((member) => provesComparison(single(predicate, value), '$eq', member)),
        )
      );
    case '$type':
      return (
        (predicate.op === 'eq' || predicate.op === 'in') &&
        operand === 'string' &&
        predicate.values.every((value) => bsonTypeOf(value) === BsonType.string)
      );
    default:
      return false;
  }
}

function single(predicate: Predicate, value: unknown): Predicate {
  return { path: predicate.path, op: 'eq', values: [value], element: predicate.element };
}

/**
 * True when every document the predicates match satisfies the partial filter expression. Only what is certain counts:
 * an index that is wrongly left out costs time, one that is wrongly used loses documents.
 */
export function implies(predicates: readonly Predicate[], expression: Document, raw: Document): boolean {
  return Object.entries(expression).every(([name, condition]) => {
    if (name === '$and' && Array.isArray(condition)) {
      return condition.every((part) => implies(predicates, part as Document, raw));
    }
    if (name.startsWith('$')) return false;
    const about = predicates.filter((predicate) => predicate.path === name && predicate.element === undefined);
    const operators =
      isDocument(condition) && bsonTag(condition) === null && Object.keys(condition)[0]?.startsWith('$')
        ? Object.entries(condition)
        : [['$eq', condition] as const];
    return operators.every(
      ([op, operand]) =>
        about.some((predicate) => provesOperator(predicate, op, operand)) || statesExists(raw, name, op, operand),
    );
  });
}

/** `{ a: { $exists: true } }` is no index predicate, but a filter may repeat it literally. */
function statesExists(filter: Document, path: string, op: string, operand: unknown): boolean {
  if (op !== '$exists') return false;
  const condition = filter[path];
  if (!isDocument(condition) || bsonTag(condition) !== null || !Object.hasOwn(condition, '$exists')) return false;
  const stated = condition['$exists'];
  return (stated === true) === (operand === true) && typeof stated === 'boolean';
}
