import { cloneValue, Document, fieldsOf, isDocument } from '../bson/values';
import { CommandError } from '../errors';
import { isOperatorDocument, isRegex } from '../query/element-tests';
import { locate, setAt } from './target';

function conflict(message: string): CommandError {
  return new CommandError(54, 'NotSingleValueField', `cannot infer query fields to set, ${message}`);
}

/** Takes the values that operators fix: $eq, $in of one, $all of one. */
function operatorValue(operators: Document): { value: unknown }[] {
  return Object.keys(operators).flatMap((operator) => {
    const operand = operators[operator];
    if (operator === '$eq') return [{ value: operand }];
    if (operator !== '$in' && operator !== '$all') return [];
    const items: unknown[] = Array.isArray(operand) ? operand : [];
    return items.length === 1 && !isRegex(items[0]) && !isOperatorDocument(items[0]) ? [{ value: items[0] }] : [];
  });
}

function collect(filter: Document, found: Map<string, unknown>): void {
  for (const path of Object.keys(filter)) {
    const operand = filter[path];
    if (path === '$and' || (path === '$or' && Array.isArray(operand) && operand.length === 1)) {
      for (const clause of operand as unknown[]) if (isDocument(clause)) collect(clause, found);
    }
    if (path.startsWith('$') || isRegex(operand)) continue;
    const values = isOperatorDocument(operand) ? operatorValue(operand) : [{ value: operand }];
    for (const { value } of values) {
      if (found.has(path)) throw conflict(`path '${path}' is matched twice`);
      found.set(path, isDocument(value) ? fieldsOf(value) : value);
    }
  }
}

/** The fields an upsert takes from its filter: those that the filter fixes to one value. */
export function seedFromFilter(filter: Document): Document {
  const found = new Map<string, unknown>();
  collect(filter, found);
  const seed: Document = {};
  for (const [path, value] of found) {
    for (const other of found.keys()) {
      if (other.startsWith(`${path}.`)) throw conflict(`both paths '${path}' and '${other}' are matched`);
    }
    const parts = path.split('.');
    setAt(locate(seed, parts), parts, cloneValue(value));
  }
  return seed;
}
