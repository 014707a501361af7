import { exactInt64, isTruthy } from '../bson/numbers';
import { BsonType, bsonTypeOf, Document, fieldsOf, isDocument, isNumber, setField } from '../bson/values';
import { CommandError } from '../errors';
import { computeFields } from './computed';
import { compileExpression, Expression } from './expression';
import { compileMatcher, MatchDetails } from './matcher';
import { PathTree } from './path-tree';

/** Gives the document a client asked for. */
export type Projection = (document: Document) => Document;

type Action =
  | { kind: 'include' }
  | { kind: 'exclude' }
  | { kind: 'computed' }
  | { kind: 'array'; change: (value: unknown, document: Document) => unknown };

type Tree = PathTree<Action>;

function fail(code: number, message: string): CommandError {
  return new CommandError(code, `Location${code}`, message);
}

function sliceInteger(value: unknown): number {
  const integer = isNumber(value) ? exactInt64(value) : null;
  if (integer === null) throw fail(28667, '$slice only supports numbers and [skip, limit] arrays of integers');
  return Number(integer);
}

/** $slice: n elements from the start or (negative) the end, or [skip, limit]. */
function compileSlice(operand: unknown): (value: unknown) => unknown {
  if (!Array.isArray(operand)) {
    const count = sliceInteger(operand);
    return (value) => {
      if (!Array.isArray(value)) return value;
      const elements: unknown[] = value;
      return count < 0 ? elements.slice(count) : elements.slice(0, count);
    };
  }
  if (operand.length !== 2) throw fail(28667, '$slice needs a number or [skip, limit]');
  const skip = sliceInteger(operand[0]);
  const limit = sliceInteger(operand[1]);
  if (limit <= 0) throw fail(28724, `First argument to $slice must be followed by a positive limit, got ${limit}`);
  return (value) => {
    if (!Array.isArray(value)) return value;
    const start = skip < 0 ? Math.max(value.length + skip, 0) : skip;
    return (value as unknown[]).slice(start, start + limit);
  };
}

/** $elemMatch: only the first element that matches; nothing when none does. */
function compileElemMatch(path: string, operand: unknown): (value: unknown) => unknown {
  if (path.includes('.')) throw fail(31275, 'Cannot use $elemMatch projection on a nested field.');
  if (!isDocument(operand)) throw fail(31274, 'elemMatch: Invalid argument, object required');
  const matcher = compileMatcher({ value: { $elemMatch: operand } });
  return (value) => {
    const details: MatchDetails = { arrayIndex: null };
    if (!Array.isArray(value) || !matcher.matches({ value }, details)) return undefined;
    return [(value as unknown[])[details.arrayIndex ?? 0]];
  };
}

/** `path.$`: the element by which the filter matched. */
function compilePositional(filter: Document): (value: unknown, document: Document) => unknown {
  const matcher = compileMatcher(filter);
  return (value, document) => {
    if (!Array.isArray(value)) return value;
    const details: MatchDetails = { arrayIndex: null };
    const index = matcher.matches(document, details) ? details.arrayIndex : null;
    if (index === null) {
      throw fail(
        51246,
        "Executor error during find command :: caused by :: positional operator '.$' couldn't find a matching element in the array",
      );
    }
    return index < value.length ? [(value as unknown[])[index]] : [];
  };
}

/** Collects the parts of a projection and decides whether it includes or excludes. */
class Parser {
  readonly tree: Tree = new PathTree<Action>();
  readonly computed = new PathTree<Expression>();
  private mode: 'include' | 'exclude' | null = null;
  private idShown: boolean | null = null;
  private picksElements = false;
  private positional = false;

  constructor(private readonly filter: Document) {}

  parse(spec: Document, prefix: string): void {
    const names = Object.keys(spec);
    if (prefix !== '' && names.length === 0)
      throw fail(51270, 'An empty sub-projection is not a valid value. Found empty object at path');
    for (const name of names) this.field(prefix + name, spec[name]);
  }

  get includes(): boolean {
    if (this.mode !== null) return this.mode === 'include';
    return this.picksElements || this.idShown === true;
  }

  get showsId(): boolean {
    return this.idShown ?? true;
  }

  private field(path: string, value: unknown): void {
    if (path === '' || path.split('.').includes('')) {
      throw fail(40353, "FieldPath must not end with a '.' and field names may not be empty strings.");
    }
    if (bsonTypeOf(value) === BsonType.object) return this.object(path, fieldsOf(value as Document));
    if (typeof value !== 'boolean' && !isNumber(value)) return this.compute(path, value);
    if (path.endsWith('.$')) return this.positionalField(path.slice(0, -2), isTruthy(value));
    if (path.split('.').some((part) => part.startsWith('$'))) {
      throw fail(
        31394,
        `As of 4.4, it's illegal to specify positional operator in the middle of a path. Positional projection may only be used at the end, or field names may not start with '$': ${path}`,
      );
    }
    if (isTruthy(value)) this.include(path);
    else this.exclude(path);
  }

  private include(path: string): void {
    if (path === '_id') {
      this.idShown = true;
      return;
    }
    this.setMode('include', path);
    this.add(path, { kind: 'include' });
  }

  private exclude(path: string): void {
    if (path === '_id') {
      this.idShown = false;
      return;
    }
    this.setMode('exclude', path);
    this.add(path, { kind: 'exclude' });
  }

  private setMode(mode: 'include' | 'exclude', path: string): void {
    if (this.mode === null) this.mode = mode;
    if (this.mode === mode) return;
    throw mode === 'include'
      ? fail(31253, `Cannot do inclusion on field ${path} in exclusion projection`)
      : fail(31254, `Cannot do exclusion on field ${path} in inclusion projection`);
  }

  private add(path: string, action: Action): void {
    const conflict = this.tree.add(path, action);
    if (conflict === 'same') throw fail(31250, `Path collision at ${path}`);
    if (conflict === 'inside') throw fail(31249, `Path collision at ${path}`);
  }

  private positionalField(path: string, shown: boolean): void {
    if (!shown) throw fail(31395, 'positional projection cannot be used with exclusion');
    if (this.positional) throw fail(31276, 'Cannot specify more than one positional projection per query.');
    this.positional = true;
    this.setMode('include', `${path}.$`);
    this.add(path, { kind: 'array', change: compilePositional(this.filter) });
  }

  private object(path: string, value: Document): void {
    const names = Object.keys(value);
    const operator = names.find((name) => name.startsWith('$'));
    if (operator === undefined) return this.parse(value, `${path}.`);
    if (names.length > 1) throw fail(31255, `Operators in a projection stand alone: ${path}`);
    if (operator === '$slice') return this.add(path, { kind: 'array', change: compileSlice(value[operator]) });
    if (operator === '$elemMatch') {
      this.picksElements = true;
      return this.add(path, { kind: 'array', change: compileElemMatch(path, value[operator]) });
    }
    if (operator === '$meta')
      throw new CommandError(2, 'BadValue', '$meta projections are not supported by this store');
    this.compute(path, value);
  }

  private compute(path: string, value: unknown): void {
    if (path !== '_id') this.setMode('include', path);
    this.add(path, { kind: 'computed' });
    this.computed.add(path, compileExpression(value));
  }
}

function applyIncluding(tree: Tree, source: Document, root: Document): Document {
  const result: Document = {};
  for (const name of Object.keys(source)) {
    const child = tree.child(name);
    if (child === undefined) continue;
    const value =
      child.value === undefined ? includeInside(child, source[name], root) : act(child.value, source[name], root);
    if (value !== undefined) setField(result, name, value);
  }
  return result;
}

function includeInside(tree: Tree, value: unknown, root: Document): unknown {
  if (Array.isArray(value)) {
    return (value as unknown[]).map((item) => includeInside(tree, item, root)).filter((item) => item !== undefined);
  }
  return isDocument(value) ? applyIncluding(tree, fieldsOf(value), root) : undefined;
}

function applyExcluding(tree: Tree, source: Document, root: Document): Document {
  const result: Document = {};
  for (const name of Object.keys(source)) {
    const child = tree.child(name);
    let value = source[name];
    if (child !== undefined)
      value = child.value === undefined ? excludeInside(child, value, root) : act(child.value, value, root);
    if (value !== undefined) setField(result, name, value);
  }
  return result;
}

function excludeInside(tree: Tree, value: unknown, root: Document): unknown {
  if (Array.isArray(value)) return (value as unknown[]).map((item) => excludeInside(tree, item, root));
  return isDocument(value) ? applyExcluding(tree, fieldsOf(value), root) : value;
}

/** The value a field is shown with; undefined leaves it out. Computed fields are put in afterwards. */
function act(action: Action, value: unknown, root: Document): unknown {
  switch (action.kind) {
    case 'include':
      return value;
    case 'exclude':
    case 'computed':
      return undefined;
    case 'array':
      return action.change(value, root);
  }
}

/**
 * Compiles a projection. `filter` is the query's, for the positional `path.$`. Mixing inclusion and exclusion answers
 * 31253 or 31254 as MongoDB does.
 */
export function compileProjection(spec: Document, filter: Document = {}): Projection {
  const parser = new Parser(filter);
  parser.parse(spec, '');
  const { tree, includes, showsId } = parser;
  if (Object.keys(spec).length === 0) return (document) => document;
  if (tree.child('_id') === undefined) {
    if (includes && showsId) tree.add('_id', { kind: 'include' });
    if (!includes && !showsId) tree.add('_id', { kind: 'exclude' });
  }
  const { computed } = parser;
  const computes = computed.entries().length > 0;
  return (document) => {
    const result = includes ? applyIncluding(tree, document, document) : applyExcluding(tree, document, document);
    return computes ? computeFields(computed, result, document) : result;
  };
}
