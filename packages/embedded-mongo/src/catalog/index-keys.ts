import { encodeKey } from '../bson/keystring';
import { commandError } from '../errors';
import { extractIndexKeys } from '../query/path';
import type { Document } from '../bson/values';
import { keyWith, MAX_KEY_BYTES } from '../storage/storage';
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

/** Computes the keys of a document; a non-unique index appends the document's own key to stay unambiguous. */
export function indexEntries(index: IndexDef, doc: Document, idKey: Buffer): IndexEntries {
  if (index.includes && !index.includes(doc)) return NONE;
  const extracted = extractIndexKeys(doc, index.paths);
  const keys: Buffer[] = [];
  const values: unknown[][] = [];
  for (const tuple of extracted.keys) {
    if (index.sparse && tuple.every((value) => value === undefined)) continue;
    const encoded = encodeKey(tuple, index.directions);
    const key = keyWith(index.id, index.unique ? encoded : Buffer.concat([encoded, idKey]));
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
