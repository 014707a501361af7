import { ObjectId } from 'bson';
import { encodeKey } from '../bson/keystring';
import { bsonTag, bsonTypeOf, BsonType, type Document } from '../bson/values';
import type { Catalog, Collection, IndexDef } from '../catalog/catalog';
import { indexEntries, noteMultikey, type IndexEntries } from '../catalog/index-keys';
import { commandError } from '../errors';
import { keyWith, MAX_KEY_BYTES, type Storage } from '../storage/storage';
import { decode, decodeFields, encode, withIdFirst } from '../wire/raw';
import { duplicateKey } from './dup-key';

/** The largest document BSON allows here, as in MongoDB. */
export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;

/** The encoded `_id`, the key a document is stored under. */
export function idKeyOf(id: unknown): Buffer {
  return encodeKey([id], [1]);
}

function checkId(id: unknown): void {
  const type = bsonTypeOf(id);
  if (type === BsonType.array) throw commandError('InvalidIdField', "The '_id' value cannot be of type array");
  if (type === BsonType.regex) throw commandError('InvalidIdField', "The '_id' value cannot be of type regex");
  if (type === BsonType.undefined) throw commandError('InvalidIdField', "The '_id' value cannot be of type undefined");
  const dollar =
    type === BsonType.object ? Object.keys(id as Document).find((name) => name.startsWith('$')) : undefined;
  if (dollar !== undefined && bsonTag(id) === null) {
    throw commandError(
      'DollarPrefixedFieldName',
      `_id fields may not contain '$'-prefixed fields: ${dollar} is not valid for storage.`,
    );
  }
}

function checkSize(raw: Buffer): void {
  if (raw.length > MAX_DOCUMENT_BYTES) {
    throw commandError('BSONObjectTooLarge', `object to insert too large. size in bytes: ${raw.length}`);
  }
}

const ID_FIELD = [Buffer.from('_id\0')];

/** Decodes only what an insert has to know: the `_id` and the fields that indexes look at. */
function decodeIndexed(raw: Buffer, indexes: readonly IndexDef[]): Document {
  const names: (readonly Buffer[])[] = [ID_FIELD];
  for (const { fields } of indexes) {
    if (!fields) return decode(raw);
    names.push(fields);
  }
  return decodeFields(raw, names);
}

interface IndexChange {
  readonly index: IndexDef;
  readonly entries: IndexEntries;
  readonly add: readonly Buffer[];
  readonly remove: readonly Buffer[];
}

/**
 * Puts documents and index entries. Every method first computes all keys and checks all unique indexes and only then
 * writes, so a `CommandError` leaves nothing behind. All of them run inside a transaction.
 */
export class Writer {
  constructor(
    private readonly storage: Storage,
    private readonly catalog: Catalog,
  ) {}

  /** Inserts one raw document as it came from the client. */
  insertRaw(collection: Collection, received: Buffer): void {
    const raw = withIdFirst(received);
    const doc = decodeIndexed(raw, collection.indexes);
    if (Object.hasOwn(doc, '_id')) this.insert(collection, raw, doc);
    else this.insertDocument(collection, { _id: new ObjectId(), ...decode(raw) });
  }

  /** Inserts one decoded document, `_id` first. */
  insertDocument(collection: Collection, doc: Document): void {
    this.insert(collection, encode(doc), doc);
  }

  private insert(collection: Collection, raw: Buffer, doc: Document): void {
    checkSize(raw);
    const id = doc['_id'];
    checkId(id);
    const idKey = idKeyOf(id);
    const docKey = keyWith(collection.id, idKey);
    if (docKey.length > MAX_KEY_BYTES) {
      throw commandError('KeyTooLong', `an _id of more than ${MAX_KEY_BYTES} bytes is not supported by this store`);
    }
    if (this.storage.documents.doesExist(docKey)) {
      throw duplicateKey(collection.ns, '_id_', { _id: 1 }, ['_id'], [id]);
    }
    const changes: IndexChange[] = [];
    for (const index of collection.indexes) {
      const entries = indexEntries(index, doc, idKey);
      if (entries.keys.length === 0) continue;
      this.checkUnique(collection, index, entries, entries.keys, idKey);
      changes.push({ index, entries, add: entries.keys, remove: [] });
    }
    this.storage.documents.putSync(docKey, raw);
    this.applyChanges(collection, changes, doc, idKey);
  }

  /** Replaces a stored document by its next version. */
  replace(collection: Collection, idKey: Buffer, before: Document, after: Document): void {
    const raw = encode(after);
    checkSize(raw);
    const changes: IndexChange[] = [];
    for (const index of collection.indexes) {
      const old = indexEntries(index, before, idKey);
      const entries = indexEntries(index, after, idKey);
      const add = entries.keys.filter((key) => !old.keys.some((other) => other.equals(key)));
      const remove = old.keys.filter((key) => !entries.keys.some((other) => other.equals(key)));
      if (add.length === 0 && remove.length === 0) continue;
      this.checkUnique(collection, index, entries, add, idKey);
      changes.push({ index, entries, add, remove });
    }
    this.storage.documents.putSync(keyWith(collection.id, idKey), raw);
    this.applyChanges(collection, changes, after, idKey);
  }

  /** Removes a stored document. */
  remove(collection: Collection, idKey: Buffer, doc: Document): void {
    for (const index of collection.indexes) {
      for (const key of indexEntries(index, doc, idKey).keys) this.storage.indexes.removeSync(key);
    }
    this.storage.documents.removeSync(keyWith(collection.id, idKey));
  }

  /** Adds the entries of one existing document to a new index. */
  addToIndex(collection: Collection, index: IndexDef, doc: Document, idKey: Buffer): void {
    const entries = indexEntries(index, doc, idKey);
    this.checkUnique(collection, index, entries, entries.keys, idKey);
    for (const key of entries.keys) this.storage.indexes.putSync(key, idKey);
    if (entries.multikey) noteMultikey(index, doc);
  }

  private checkUnique(
    collection: Collection,
    index: IndexDef,
    entries: IndexEntries,
    keys: readonly Buffer[],
    idKey: Buffer,
  ): void {
    if (!index.unique) return;
    for (const key of keys) {
      const owner = this.storage.indexes.get(key);
      if (!owner || owner.equals(idKey)) continue;
      const values = entries.values[entries.keys.indexOf(key)] ?? [];
      throw duplicateKey(collection.ns, index.name, index.spec['key'] as Document, index.paths, values);
    }
  }

  private applyChanges(collection: Collection, changes: readonly IndexChange[], doc: Document, idKey: Buffer): void {
    let save = false;
    for (const { index, entries, add, remove } of changes) {
      for (const key of remove) this.storage.indexes.removeSync(key);
      for (const key of add) this.storage.indexes.putSync(key, idKey);
      if (entries.multikey && noteMultikey(index, doc)) save = true;
    }
    if (save) this.catalog.save(collection);
  }
}
