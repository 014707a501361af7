import { isTruthy } from '../bson/numbers';
import { BsonType, bsonTypeOf, Document, fieldsOf, isDocument, regexParts, setField, typeName } from '../bson/values';
import {
  badValue,
  bitsTest,
  comparisonTest,
  ElementTest,
  inTest,
  isOperatorDocument,
  isRegex,
  modTest,
  patternTest,
  regexTest,
  sizeTest,
  typeTest,
} from './element-tests';
import { compileExpression, isTrueResult } from './expression';
import { LeafArrays, someValueAt, splitPath } from './path';

/** Notes which array element made a filter match: the positional `$` of an update and of a projection. */
export interface MatchDetails {
  arrayIndex: number | null;
}

/** A compiled filter. */
export interface Matcher {
  matches(document: Document, details?: MatchDetails): boolean;
}

/** A condition on one path, which $elemMatch also applies to single elements. */
interface Condition {
  onPath(document: Document, parts: readonly string[], details?: MatchDetails): boolean;
  onElement(element: unknown): boolean;
}

function leaf(test: ElementTest, arrays: LeafArrays = 'elements'): Condition {
  return {
    onPath: (document, parts, details) =>
      someValueAt(document, parts, arrays, (value, arrayIndex) => {
        if (!test(value)) return false;
        if (details && arrayIndex !== null) details.arrayIndex = arrayIndex;
        return true;
      }),
    onElement: test,
  };
}

function all(conditions: readonly Condition[]): Condition {
  return {
    onPath: (document, parts, details) => conditions.every((each) => each.onPath(document, parts, details)),
    onElement: (element) => conditions.every((each) => each.onElement(element)),
  };
}

/** A negation looks at the whole path: {$ne: 1} holds if no element is 1. */
function negate(condition: Condition): Condition {
  return {
    onPath: (document, parts) => !condition.onPath(document, parts),
    onElement: (element) => !condition.onElement(element),
  };
}

const never: Condition = { onPath: () => false, onElement: () => false };

function compileNot(operand: unknown): Condition {
  if (isRegex(operand)) return negate(leaf(regexTest(operand)));
  if (!isDocument(operand)) throw badValue('$not needs a regex or a document');
  if (Object.keys(operand).length === 0) throw badValue('$not cannot be empty');
  return negate(compileOperators(operand));
}

function isElemMatch(value: unknown): value is Document {
  return isDocument(value) && Object.keys(value)[0] === '$elemMatch';
}

function compileAll(operand: unknown): Condition {
  if (!Array.isArray(operand)) throw badValue('$all needs an array');
  const items = operand as unknown[];
  if (items.length === 0) return never;
  if (isElemMatch(items[0])) {
    return all(
      items.map((item) => {
        if (!isElemMatch(item) || Object.keys(item).length !== 1)
          throw badValue('$all/$elemMatch has to be consistent');
        return compileElemMatch(item['$elemMatch']);
      }),
    );
  }
  return all(
    items.map((item) => {
      if (isOperatorDocument(item)) throw badValue('no $ expressions in $all');
      return leaf(isRegex(item) ? regexTest(item) : comparisonTest('$eq', item));
    }),
  );
}

const LOGICAL = new Set(['$and', '$or', '$nor', '$where', '$expr', '$comment']);

/** An element as the document a nested filter sees: an array is one whose field names are its indexes. */
function asDocument(element: unknown): Document | null {
  if (Array.isArray(element)) {
    const document: Document = {};
    element.forEach((value: unknown, i) => setField(document, String(i), value));
    return document;
  }
  return isDocument(element) ? element : null;
}

function compileElemMatch(operand: unknown): Condition {
  if (!isDocument(operand)) throw badValue('$elemMatch needs an Object');
  const first = Object.keys(operand)[0];
  const test = isOperatorDocument(operand) && !LOGICAL.has(first!) ? valueTest(operand) : documentTest(operand);
  const indexOfMatch = (value: unknown): number => (Array.isArray(value) ? value.findIndex(test) : -1);
  return {
    onPath: (document, parts, details) =>
      someValueAt(document, parts, 'whole', (value, arrayIndex) => {
        const index = indexOfMatch(value);
        if (index < 0) return false;
        if (details) details.arrayIndex = arrayIndex ?? index;
        return true;
      }),
    onElement: (element) => indexOfMatch(element) >= 0,
  };
}

function valueTest(operators: Document): ElementTest {
  const condition = compileOperators(operators);
  return (element) => condition.onElement(element);
}

function documentTest(filter: Document): ElementTest {
  const matcher = compileMatcher(filter);
  return (element) => {
    const document = asDocument(element);
    return document !== null && matcher.matches(document);
  };
}

function refuseRegex(operator: string, operand: unknown): unknown {
  if (isRegex(operand)) {
    throw badValue(operator === '$ne' ? "Can't have regex as arg to $ne." : `Can't have RegEx as arg to ${operator}.`);
  }
  return operand;
}

function compileRegexOperator(operators: Document): Condition {
  const operand = operators['$regex'];
  const options = operators['$options'];
  if (options !== undefined && typeof options !== 'string') throw badValue('$options has to be a string');
  if (isRegex(operand)) {
    const own = regexParts(operand);
    if (own.options !== '' && options !== undefined) {
      const message = 'options set in both $regex and $options';
      throw Object.assign(badValue(message), { code: 51074, codeName: 'Location51074' });
    }
    return leaf(patternTest(own.pattern, options ?? own.options));
  }
  if (typeof operand !== 'string') throw badValue('$regex has to be a string');
  return leaf(patternTest(operand, options ?? ''));
}

const present: ElementTest = (value) => value !== undefined;

function compileOperator(operator: string, operand: unknown, siblings: Document): Condition | null {
  switch (operator) {
    case '$eq':
      return leaf(comparisonTest('$eq', operand));
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return leaf(comparisonTest(operator, refuseRegex(operator, operand)));
    case '$ne':
      return negate(leaf(comparisonTest('$eq', refuseRegex(operator, operand))));
    case '$in':
      return leaf(inTest(operand, operator));
    case '$nin':
      return negate(leaf(inTest(operand, operator)));
    case '$not':
      return compileNot(operand);
    case '$exists':
      return isTruthy(operand) ? leaf(present) : negate(leaf(present));
    case '$type':
      return leaf(typeTest(operand));
    case '$mod':
      return leaf(modTest(operand));
    case '$size':
      return leaf(sizeTest(operand), 'whole');
    case '$all':
      return compileAll(operand);
    case '$elemMatch':
      return compileElemMatch(operand);
    case '$regex':
      return compileRegexOperator(siblings);
    case '$options':
      if (!Object.hasOwn(siblings, '$regex')) throw badValue('$options needs a $regex');
      return null;
    case '$bitsAllSet':
    case '$bitsAllClear':
    case '$bitsAnySet':
    case '$bitsAnyClear':
      return leaf(bitsTest(operator, operand));
    case '$comment':
      return null;
    default:
      throw badValue(`unknown operator: ${operator}`);
  }
}

function compileOperators(operators: Document): Condition {
  const conditions: Condition[] = [];
  for (const operator of Object.keys(operators)) {
    const condition = compileOperator(operator, operators[operator], operators);
    if (condition !== null) conditions.push(condition);
  }
  return conditions.length === 1 ? conditions[0]! : all(conditions);
}

function compileField(path: string, operand: unknown): Matcher {
  const parts = splitPath(path);
  let condition: Condition;
  if (isRegex(operand)) condition = leaf(regexTest(operand));
  else if (isOperatorDocument(operand)) condition = compileOperators(operand);
  else condition = leaf(comparisonTest('$eq', isDocument(operand) ? fieldsOf(operand) : operand));
  return { matches: (document, details) => condition.onPath(document, parts, details) };
}

function compileClauses(operator: string, operand: unknown): Matcher[] {
  if (!Array.isArray(operand)) throw badValue(`${operator} must be an array`);
  if (operand.length === 0) throw badValue('$and/$or/$nor must be a nonempty array');
  return (operand as unknown[]).map((clause) => {
    if (bsonTypeOf(clause) !== BsonType.object) throw badValue('$or/$and/$nor entries need to be full objects');
    return compileMatcher(clause as Document);
  });
}

function compileTopLevel(operator: string, operand: unknown): Matcher | null {
  switch (operator) {
    case '$and': {
      const clauses = compileClauses(operator, operand);
      return { matches: (document, details) => clauses.every((clause) => clause.matches(document, details)) };
    }
    case '$or': {
      const clauses = compileClauses(operator, operand);
      return { matches: (document, details) => clauses.some((clause) => clause.matches(document, details)) };
    }
    case '$nor': {
      const clauses = compileClauses(operator, operand);
      return { matches: (document) => !clauses.some((clause) => clause.matches(document)) };
    }
    case '$expr': {
      const expression = compileExpression(operand);
      return { matches: (document) => isTrueResult(expression(document)) };
    }
    case '$comment':
      return null;
    case '$where':
    case '$text':
    case '$jsonSchema':
    case '$sampleRate':
    case '$alwaysTrue':
    case '$alwaysFalse':
      throw badValue(`${operator} is not supported by this store`);
    default:
      throw badValue(
        `unknown top level operator: ${operator}. If you have a field name that starts with a '$' symbol, consider using $getField or $setField.`,
      );
  }
}

/** The fields of a DBRef look like operators. */
const DBREF_FIELDS: ReadonlySet<string> = new Set(['$ref', '$id', '$db']);

/** Compiles a filter into a matcher that can also tell which array element matched. */
export function compileMatcher(filter: Document): Matcher {
  if (!isDocument(filter)) throw badValue(`a filter must be a document, not ${typeName(filter)}`);
  const matchers: Matcher[] = [];
  for (const name of Object.keys(filter)) {
    const isOperator = name.startsWith('$') && !DBREF_FIELDS.has(name);
    const matcher = isOperator ? compileTopLevel(name, filter[name]) : compileField(name, filter[name]);
    if (matcher !== null) matchers.push(matcher);
  }
  if (matchers.length === 1) return matchers[0]!;
  return { matches: (document, details) => matchers.every((matcher) => matcher.matches(document, details)) };
}

/** Compiles a filter into a predicate with MongoDB's meaning; unknown operators are errors, never ignored. */
export function compileFilter(filter: Document): (document: Document) => boolean {
  const matcher = compileMatcher(filter);
  return (document) => matcher.matches(document);
}
