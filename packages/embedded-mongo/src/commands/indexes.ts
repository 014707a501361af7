import { Int32, UUID } from 'bson';
import { isDocument, type Document } from '../bson/values';
import { indexFromSpec, type Collection, type IndexDef } from '../catalog/catalog';
import { findExisting, isIdSpec, normaliseSpec } from '../catalog/index-spec';
import { commandError } from '../errors';
import { ListSource } from '../exec/cursors';
import { BATCH_LIMIT_BYTES } from '../exec/query';
import { compileFilter } from '../query/matcher';
import { clearSpan, spanOf } from '../storage/storage';
import { decode, encode } from '../wire/raw';
import { checkFields, countOf, documentOf, documentsOf, stringOf } from './arguments';
import type { Command, CommandContext, Engine } from './engine';
import { firstBatch } from './read';

const ID_SPEC: Document = { v: new Int32(2), key: { _id: new Int32(1) }, name: '_id_' };

/** Fills a new index; when a document does not fit, what was built is removed again. */
function build(engine: Engine, collection: Collection, spec: Document): IndexDef {
  const paths = Object.keys(spec['key'] as Document);
  const index = indexFromSpec(
    engine.catalog.allocateId(),
    spec,
    paths.map(() => false),
  );
  const { start, end } = spanOf(collection.id);
  try {
    const keys = [...engine.storage.documents.getKeys({ start, end })];
    for (const key of keys) {
      const raw = engine.storage.documents.get(key);
      if (raw) engine.writer.addToIndex(collection, index, decode(raw), key.subarray(4));
    }
  } catch (error) {
    clearSpan(engine.storage.indexes, spanOf(index.id));
    throw error;
  }
  return index;
}

function createIndexes({ engine, db }: CommandContext, body: Document): Document {
  const name = stringOf('createIndexes', body, 'createIndexes');
  const received = documentsOf('createIndexes', body, 'indexes');
  if (received.length === 0) throw commandError('BadValue', 'Must specify at least one index to create');
  const specs = received.map(normaliseSpec);
  const existed = engine.catalog.get(`${db}.${name}`) !== undefined;
  const collection = engine.catalog.ensure(db, name);
  const before = collection.indexes.length;
  const built: IndexDef[] = [];
  try {
    for (const spec of specs) {
      if (isIdSpec(spec) || findExisting(collection, spec)) continue;
      const index = build(engine, collection, spec);
      built.push(index);
      collection.indexes.push(index);
    }
  } catch (error) {
    // One command builds all of its indexes or none.
    for (const index of built) clearSpan(engine.storage.indexes, spanOf(index.id));
    collection.indexes.length = before;
    throw error;
  }
  // A service asks for its indexes at every start: those that stand cost no write and no flush.
  if (built.length > 0) engine.catalog.save(collection);
  const reply: Document = {
    numIndexesBefore: before + 1,
    numIndexesAfter: collection.indexes.length + 1,
    createdCollectionAutomatically: !existed,
  };
  if (built.length === 0) reply['note'] = 'all indexes already exist';
  return { ...reply, ok: 1 };
}

function required(engine: Engine, ns: string): Collection {
  const collection = engine.catalog.get(ns);
  if (!collection) throw commandError('NamespaceNotFound', `ns does not exist: ${ns}`);
  return collection;
}

function batchSizeOf(command: string, body: Document): number {
  const cursor = documentOf(command, body, 'cursor') ?? {};
  return countOf(command, cursor, 'batchSize') ?? Infinity;
}

function listIndexes({ engine, db }: CommandContext, body: Document): Buffer {
  const ns = `${db}.${stringOf('listIndexes', body, 'listIndexes')}`;
  const specs = [ID_SPEC, ...required(engine, ns).indexes.map((index) => index.spec)];
  const source = new ListSource(specs.map(encode), BATCH_LIMIT_BYTES);
  return firstBatch(engine, ns, source, { batchSize: batchSizeOf('listIndexes', body), single: false });
}

function indexesNamed(collection: Collection, wanted: unknown): IndexDef[] {
  if (wanted === '*') return [...collection.indexes];
  const names = Array.isArray(wanted) ? wanted : [wanted];
  return names.map((name: unknown) => {
    const isId = name === '_id_' || (isDocument(name) && Object.keys(name).join() === '_id');
    if (isId) throw commandError('InvalidOptions', 'cannot drop _id index');
    const found = collection.indexes.find((index) =>
      isDocument(name) ? encode(index.spec['key'] as Document).equals(encode(name)) : index.name === name,
    );
    if (!found) throw commandError('IndexNotFound', `index not found with name [${String(name)}]`);
    return found;
  });
}

function dropIndexes({ engine, db }: CommandContext, body: Document): Document {
  const collection = required(engine, `${db}.${stringOf('dropIndexes', body, 'dropIndexes')}`);
  const nIndexesWas = collection.indexes.length + 1;
  for (const index of indexesNamed(collection, body['index'])) {
    clearSpan(engine.storage.indexes, spanOf(index.id));
    collection.indexes.splice(collection.indexes.indexOf(index), 1);
  }
  engine.catalog.save(collection);
  return { nIndexesWas, ok: 1 };
}

function wantedIndex(collection: Collection, change: Document): IndexDef {
  const { name, keyPattern } = change;
  if ((name === undefined) === (keyPattern === undefined)) {
    throw commandError('InvalidOptions', "collMod needs either the 'name' or the 'keyPattern' of the index");
  }
  return indexesNamed(collection, name ?? keyPattern)[0]!;
}

/** Changes how long a TTL index keeps documents; nothing else can be changed here. */
function collMod({ engine, db }: CommandContext, body: Document): Document {
  const collection = required(engine, `${db}.${stringOf('collMod', body, 'collMod')}`);
  const change = documentOf('collMod', body, 'index');
  if (!change) return { ok: 1 };
  checkFields('collMod.index', change, ['name', 'keyPattern', 'expireAfterSeconds']);
  const seconds = change['expireAfterSeconds'];
  if (seconds === undefined) throw commandError('InvalidOptions', "collMod needs 'expireAfterSeconds' for the index");
  const index = wantedIndex(collection, change);
  const spec = normaliseSpec({ ...index.spec, expireAfterSeconds: seconds });
  collection.indexes[collection.indexes.indexOf(index)] = indexFromSpec(index.id, spec, index.multikey);
  engine.catalog.save(collection);
  const before = index.spec['expireAfterSeconds'];
  const known = before === undefined ? {} : { expireAfterSeconds_old: before };
  return { ...known, expireAfterSeconds_new: seconds, ok: 1 };
}

/** Options of `create` that would change what the collection does. */
const UNSUPPORTED_OPTIONS = [
  ...['capped', 'size', 'max', 'timeseries', 'expireAfterSeconds', 'viewOn', 'pipeline', 'clusteredIndex'],
  ...['validator', 'changeStreamPreAndPostImages', 'encryptedFields'],
];

function create({ engine, db }: CommandContext, body: Document): Document {
  const name = stringOf('create', body, 'create');
  for (const option of UNSUPPORTED_OPTIONS) {
    if (body[option] === undefined || body[option] === false) continue;
    throw commandError('CommandNotSupported', `create with '${option}' is not supported by this store`);
  }
  const ns = `${db}.${name}`;
  if (engine.catalog.get(ns)) throw commandError('NamespaceExists', `Collection already exists. NS: ${ns}`);
  engine.catalog.ensure(db, name);
  return { ok: 1 };
}

function drop({ engine, db }: CommandContext, body: Document): Document {
  const ns = `${db}.${stringOf('drop', body, 'drop')}`;
  const collection = engine.catalog.get(ns);
  if (!collection) return { ok: 1 };
  const nIndexesWas = collection.indexes.length + 1;
  engine.catalog.drop(collection);
  return { ns, nIndexesWas, ok: 1 };
}

function dropDatabase({ engine, db }: CommandContext): Document {
  for (const collection of engine.catalog.list(db)) engine.catalog.drop(collection);
  return { dropped: db, ok: 1 };
}

function listCollections({ engine, db }: CommandContext, body: Document): Buffer {
  const matches = compileFilter(documentOf('listCollections', body, 'filter') ?? {});
  const nameOnly = body['nameOnly'] === true;
  const entries = engine.catalog
    .list(db)
    .map(({ name, uuid }): Document => {
      const info = { readOnly: false, uuid: new UUID(uuid) };
      return { name, type: 'collection', options: {}, info, idIndex: ID_SPEC };
    })
    .filter(matches)
    .map((entry) => (nameOnly ? { name: entry['name'], type: entry['type'] } : entry));
  const source = new ListSource(entries.map(encode), BATCH_LIMIT_BYTES);
  const batchSize = batchSizeOf('listCollections', body);
  return firstBatch(engine, `${db}.$cmd.listCollections`, source, { batchSize, single: false });
}

/** Commands about collections and their indexes. */
export const catalogCommands: Readonly<Record<string, Command>> = {
  createIndexes: { write: true, fields: ['indexes', 'commitQuorum', 'ignoreUnknownIndexOptions'], run: createIndexes },
  listIndexes: { write: false, fields: ['cursor'], run: listIndexes },
  dropIndexes: { write: true, fields: ['index'], run: dropIndexes },
  create: {
    write: true,
    // A validation level without a validator has nothing to validate; the storage options are another engine's.
    fields: [
      ...UNSUPPORTED_OPTIONS,
      'collation',
      'validationLevel',
      'validationAction',
      'storageEngine',
      'autoIndexId',
      'indexOptionDefaults',
    ],
    run: create,
  },
  collMod: { write: true, fields: ['index'], run: collMod },
  drop: { write: true, fields: [], run: drop },
  dropDatabase: { write: true, fields: [], run: dropDatabase },
  listCollections: {
    write: false,
    fields: ['filter', 'cursor', 'nameOnly', 'authorizedCollections'],
    run: listCollections,
  },
};
