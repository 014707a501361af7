import { BSON_UNDEFINED, Document, fieldsOf, getField, isDocument } from '../bson/values';
import { CommandError } from '../errors';

/** Called for each value at a path; undefined is a missing one. Answering true ends the walk. */
export type Visit = (value: unknown, arrayIndex: number | null) => boolean;

/** Whether an array at the end of a path is shown by its elements and then itself, or only as a whole. */
export type LeafArrays = 'elements' | 'whole';

/** True for a path part that may be an index into an array. */
export function isArrayIndex(part: string): boolean {
  return /^(0|[1-9]\d*)$/.test(part);
}

/** The parts of a dotted path. */
export function splitPath(path: string): string[] {
  return path.split('.');
}

/** Walks from an array that was reached with parts[from] still to go. */
function walkArray(
  array: readonly unknown[],
  parts: readonly string[],
  from: number,
  leaf: LeafArrays,
  outer: number | null,
  visit: Visit,
): boolean {
  const part = parts[from];
  if (part === undefined) {
    if (leaf === 'elements' && array.some((element, i) => visit(element, outer ?? i))) return true;
    return visit(array, outer);
  }
  const offset = isArrayIndex(part) ? Number(part) : -1;
  const atEnd = from + 1 === parts.length;
  return array.some((element, i) => {
    if (isDocument(element)) {
      // The part may be a field of the element as well as the element's own place in the array.
      if (walkDocument(element, parts, from, leaf, outer ?? i, visit)) return true;
      if (i !== offset) return false;
      return atEnd ? visit(element, outer) : walkDocument(element, parts, from + 1, leaf, outer, visit);
    }
    if (i !== offset) return false;
    if (atEnd) return visit(element, outer);
    return Array.isArray(element) && walkArray(element, parts, from + 1, leaf, outer, visit);
  });
}

function walkDocument(
  document: Document,
  parts: readonly string[],
  from: number,
  leaf: LeafArrays,
  outer: number | null,
  visit: Visit,
): boolean {
  let value: unknown = document;
  for (let i = from; i < parts.length; i++) {
    if (Array.isArray(value)) return walkArray(value, parts, i, leaf, outer, visit);
    if (!isDocument(value)) return visit(undefined, outer);
    value = getField(fieldsOf(value), parts[i]!);
  }
  return Array.isArray(value) ? walkArray(value, parts, parts.length, leaf, outer, visit) : visit(value, outer);
}

/**
 * Shows `visit` each value a filter on this path looks at, until it answers true. Arrays on the way are entered, one
 * level at a time; a numeric part is both a field name and an index. The index passed on is that of the outermost
 * array entered without being named by an index: what the positional `$` of an update means.
 */
export function someValueAt(document: Document, parts: readonly string[], leaf: LeafArrays, visit: Visit): boolean {
  return walkDocument(document, parts, 0, leaf, null, visit);
}

/** All values a filter on this path looks at, undefined for missing ones. */
export function valuesAt(document: Document, path: string): unknown[] {
  const values: unknown[] = [];
  someValueAt(document, splitPath(path), 'elements', (value) => {
    values.push(value);
    return false;
  });
  return values;
}

/** Where the walk of one indexed path has come to: done with a value, or at an array to be spread. */
interface Reached {
  value: unknown;
  array: unknown[] | null;
  rest: readonly string[];
}

/** An index into an array and a field of that name in its elements cannot both be meant. */
function refuseAmbiguous(array: readonly unknown[], part: string): void {
  if (!array.some((element) => isDocument(element) && Object.hasOwn(element, part))) return;
  const message = `Ambiguous field name found in array (do not use numeric field names in embedded elements in an array), field: '${part}'`;
  throw new CommandError(16746, 'Location16746', message);
}

function reach(document: Document | null, parts: readonly string[]): Reached {
  let value: unknown = document ?? undefined;
  let byIndex = false;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    byIndex = Array.isArray(value) && isArrayIndex(part) && Number(part) < value.length;
    if (Array.isArray(value)) {
      if (!byIndex) return { value: undefined, array: value, rest: parts.slice(i) };
      refuseAmbiguous(value, part);
      value = (value as unknown[])[Number(part)];
    } else if (isDocument(value)) {
      value = getField(fieldsOf(value), part);
    } else {
      return { value: undefined, array: null, rest: [] };
    }
  }
  // An array that was itself picked by its index is one value, as it is to a filter.
  return Array.isArray(value) && !byIndex ? { value, array: value, rest: [] } : { value, array: null, rest: [] };
}

function expand(
  document: Document | null,
  paths: readonly (readonly string[] | null)[],
  names: readonly string[],
  fixed: readonly unknown[],
  keys: unknown[][],
): boolean {
  const values = [...fixed];
  const rests: (readonly string[] | null)[] = paths.map(() => null);
  let array: unknown[] | null = null;
  let arrayName = '';
  paths.forEach((parts, i) => {
    if (parts === null) return;
    const reached = reach(document, parts);
    values[i] = reached.value;
    if (reached.array === null) return;
    if (array !== null && array !== reached.array) {
      const message = `cannot index parallel arrays [${names[i]}] [${arrayName}]`;
      throw new CommandError(171, 'CannotIndexParallelArrays', message);
    }
    array = reached.array;
    arrayName = names[i]!;
    rests[i] = reached.rest;
  });
  if (array === null) {
    keys.push(values);
    return false;
  }
  // An empty array has no elements to index: where the path ends there it is "undefined", below null.
  const elements: readonly unknown[] = (array as unknown[]).length === 0 ? [BSON_UNDEFINED] : array;
  for (const element of elements) {
    const next = values.map((value, i) => (rests[i]?.length === 0 ? element : value));
    const open = rests.map((rest) => (rest !== null && rest.length > 0 ? rest : null));
    expand(isDocument(element) ? element : null, open, names, next, keys);
  }
  return true;
}

/**
 * The keys a document has in a compound index: one per element when a path meets an array. Missing values are
 * undefined. Two paths may go through the same array, never through two different ones.
 */
export function extractIndexKeys(
  document: Document,
  paths: readonly string[],
): { keys: unknown[][]; multikey: boolean } {
  const keys: unknown[][] = [];
  const fixed = paths.map(() => undefined);
  const multikey = expand(document, paths.map(splitPath), paths, fixed, keys);
  return { keys, multikey };
}

/** The keys a document has in an index on one path. */
export function indexKeysAt(document: Document, path: string): { values: unknown[]; multikey: boolean } {
  const { keys, multikey } = extractIndexKeys(document, [path]);
  return { values: keys.map((key) => key[0]), multikey };
}
