import { compareValues } from '../bson/compare';
import { toNumber } from '../bson/numbers';
import { Document, isDocument, isNumber, typeName } from '../bson/values';
import { CommandError } from '../errors';
import { extractIndexKeys } from './path';

/** A compiled sort: keys can be taken once per document and compared often. */
export interface Sorter {
  readonly paths: readonly string[];
  readonly directions: readonly (1 | -1)[];
  keyOf(document: Document): unknown[];
  compareKeys(a: readonly unknown[], b: readonly unknown[]): number;
}

function directionOf(path: string, value: unknown): 1 | -1 {
  if (isDocument(value) && Object.hasOwn(value, '$meta')) {
    throw new CommandError(2, 'BadValue', '$meta sort is not supported by this store');
  }
  if (!isNumber(value)) {
    const message = `Illegal key in $sort specification: ${path}: ${typeName(value)}`;
    throw new CommandError(15974, 'Location15974', message);
  }
  const direction = toNumber(value);
  if (direction === 1 || direction === -1) return direction;
  throw new CommandError(15975, 'Location15975', '$sort key ordering must be 1 (for ascending) or -1 (for descending)');
}

function checkPath(path: string): void {
  if (path === '') throw new CommandError(15976, 'Location15976', '$sort stage must have at least one sort key');
  if (path.split('.').some((part) => part === '')) {
    throw new CommandError(15998, 'Location15998', 'FieldPath field names may not be empty strings.');
  }
  if (path.startsWith('$')) {
    throw new CommandError(16410, 'Location16410', `FieldPath field names may not start with '$': '${path}'`);
  }
}

/**
 * Compiles a sort document. An array sorts by its least element in the order asked for, so by its smallest ascending
 * and its largest descending; an empty array sorts below null, a missing field as null.
 */
export function compileSorter(spec: Document): Sorter {
  const paths = Object.keys(spec);
  const directions = paths.map((path) => {
    checkPath(path);
    return directionOf(path, spec[path]);
  });
  const compareKeys = (a: readonly unknown[], b: readonly unknown[]): number => {
    for (let i = 0; i < directions.length; i++) {
      const order = compareValues(a[i], b[i]);
      if (order !== 0) return directions[i] === 1 ? order : -order;
    }
    return 0;
  };
  const keyOf = (document: Document): unknown[] => {
    const { keys } = keysForSort(document, paths);
    return keys.reduce((least, key) => (compareKeys(key, least) < 0 ? key : least));
  };
  return { paths, directions, keyOf, compareKeys };
}

function keysForSort(document: Document, paths: readonly string[]): { keys: unknown[][] } {
  try {
    return extractIndexKeys(document, paths);
  } catch (error) {
    if (!(error instanceof CommandError) || error.code !== 171) throw error;
    throw new CommandError(2, 'BadValue', 'cannot sort with keys that are parallel arrays');
  }
}

/** Compiles a sort document into a comparator of documents. */
export function compileSort(spec: Document): (a: Document, b: Document) => number {
  const sorter = compileSorter(spec);
  const keys = new WeakMap<Document, unknown[]>();
  const keyOf = (document: Document): unknown[] => {
    let key = keys.get(document);
    if (key === undefined) keys.set(document, (key = sorter.keyOf(document)));
    return key;
  };
  return (a, b) => sorter.compareKeys(keyOf(a), keyOf(b));
}
