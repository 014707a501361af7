import { encodeKey } from '../bson/keystring';
import { commandError } from '../errors';
import { extractIndexKeys } from '../query/path';
import type { Document } from '../bson/values';
import { MAX_KEY_BYTES } from '../storage/storage';
import type { IndexDef } from './catalog';

/** The entries one document has in one index. */
export interface IndexEntries {
  /** Complete LMDB keys, each once. */
  readonly keys: Buffer[];
  /** The values behind each key, for a duplicate key error. */
  readonly values: unknown[][];
  readonly multikey: boolean;
}

const NONE: IndexEntries = { keys: [], values: [], multikey: false };

/** The key of a document whose indexed fields are all at its top and no arrays, as nearly all are. */
function plainKey(index: IndexDef, doc: Document): { keys: unknown[][]; multikey: boolean } | undefined {
  const values: unknown[] = [];
  for (const path of index.paths) {
    if (path.includes('.')) return undefined;
    const value: unknown = Object.hasOwn(doc, path) ? doc[path] : undefined;
    if (Array.isArray(value)) return undefined;
    values.push(value);
  }
  return { keys: [values], multikey: false };
}

/** Computes the keys of a document; a non-unique index appends the document's own key to stay unambiguous. */
export function indexEntries(index: IndexDef, doc: Document, idKey: Buffer): IndexEntries {
  if (index.includes && !index.includes(doc)) return NONE;
  const extracted = plainKey(index, doc) ?? extractIndexKeys(doc, index.paths);
  const keys: Buffer[] = [];
  const values: unknown[][] = [];
  for (const tuple of extracted.keys) {
    if (index.sparse && tuple.every((value) => value === undefined)) continue;
    const key = encodeKey(tuple, index.directions, index.id, index.unique ? undefined : idKey);
    if (key.length > MAX_KEY_BYTES) {
      throw commandError(
        'KeyTooLong',
        `the key of index ${index.name} is longer than ${MAX_KEY_BYTES} bytes, which this store does not support`,
      );
    }
    if (extracted.keys.length > 1 && keys.some((other) => other.equals(key))) continue;
    keys.push(key);
    values.push(tuple);
  }
  return { keys, values, multikey: extracted.multikey };
}

/** Notes on which paths of the index a document has arrays; true when the catalog has to be saved. */
export function noteMultikey(index: IndexDef, doc: Document): boolean {
  let changed = false;
  index.paths.forEach((path, i) => {
    if (index.multikey[i] || !extractIndexKeys(doc, [path]).multikey) return;
    index.multikey[i] = true;
    changed = true;
  });
  return changed;
}
