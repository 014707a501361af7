import { randomUUID } from 'node:crypto';
import { commandError } from '../errors';
import { compileFilter } from '../query/matcher';
import type { Document } from '../bson/values';
import { decode, encode } from '../wire/raw';
import { clearSpan, spanOf, type Storage } from '../storage/storage';
import { EmbeddedMongoError } from '../public-error';

/** The version of the layout on disk; a folder with another one is refused. */
export const FORMAT_VERSION = 1;

/** One secondary index. */
export interface IndexDef {
  readonly id: number;
  readonly name: string;
  readonly paths: readonly string[];
  readonly directions: readonly (1 | -1)[];
  readonly unique: boolean;
  readonly sparse: boolean;
  readonly partial: Document | undefined;
  readonly includes: ((doc: Document) => boolean) | undefined;
  /** The top-level fields that decide on a document's entries, as BSON writes their names; undefined: all of them. */
  readonly fields: readonly Buffer[] | undefined;
  /** The specification as `listIndexes` answers it. */
  readonly spec: Document;
  /** For each path whether a document ever had an array on it; bounds and sorts depend on it. */
  readonly multikey: boolean[];
}

/** One collection. */
export interface Collection {
  readonly ns: string;
  readonly db: string;
  readonly name: string;
  readonly id: number;
  readonly uuid: string;
  readonly indexes: IndexDef[];
}

const META_KEY = Buffer.from('m:meta');
const NS_PREFIX = 'c:';

function nsKey(ns: string): Buffer {
  return Buffer.from(NS_PREFIX + ns);
}

/** The paths a partial filter looks at; '' where that cannot be told. */
function filteredPaths(filter: Document): string[] {
  return Object.entries(filter).flatMap(([name, condition]) => {
    if (!name.startsWith('$')) return [name];
    return name === '$and' && Array.isArray(condition)
      ? condition.flatMap((part) => filteredPaths(part as Document))
      : [''];
  });
}

function fieldsOf(paths: readonly string[]): readonly Buffer[] | undefined {
  if (paths.includes('')) return undefined;
  const roots = new Set(paths.map((path) => path.split('.')[0] ?? ''));
  return [...roots].map((root) => Buffer.from(`${root}\0`));
}

function putMeta(storage: Storage, nextId: number): void {
  storage.catalog.putSync(META_KEY, encode({ formatVersion: FORMAT_VERSION, nextId }));
}

/** Writes the catalog of a store that has nothing yet. */
export function initialiseCatalog(storage: Storage): void {
  storage.write(() => putMeta(storage, 1));
}

/** Builds an index from its specification, `key` first. */
export function indexFromSpec(id: number, spec: Document, multikey: boolean[]): IndexDef {
  const key = Object.entries(spec['key'] as Document);
  const partial = spec['partialFilterExpression'] as Document | undefined;
  return {
    id,
    name: String(spec['name']),
    paths: key.map(([path]) => path),
    directions: key.map(([, direction]) => (Number(direction) < 0 ? -1 : 1)),
    unique: spec['unique'] === true,
    sparse: spec['sparse'] === true,
    partial,
    includes: partial ? compileFilter(partial) : undefined,
    fields: fieldsOf([...key.map(([path]) => path), ...(partial ? filteredPaths(partial) : [])]),
    spec,
    multikey,
  };
}

/** What collections and indexes exist: in memory, and in the `cat` table within the transaction that changes it. */
export class Catalog {
  private collections = new Map<string, Collection>();
  private nextId = 1;

  constructor(private readonly storage: Storage) {
    this.load();
  }

  /** Reads everything from disk; also after an aborted transaction. */
  load(): void {
    this.storage.refresh();
    this.collections = new Map();
    const meta = this.storage.catalog.get(META_KEY);
    if (!meta) throw new EmbeddedMongoError('BROKEN', 'the data file has no catalog');
    const { formatVersion, nextId } = decode(meta);
    if (Number(formatVersion) !== FORMAT_VERSION) {
      throw new EmbeddedMongoError(
        'UNSUPPORTED_FORMAT',
        `the store has format ${Number(formatVersion)}, this version reads ${FORMAT_VERSION}`,
      );
    }
    this.nextId = Number(nextId);
    const from = Buffer.from(NS_PREFIX);
    for (const { value } of this.storage.catalog.getRange({ start: from, end: Buffer.from('c;') })) {
      const collection = this.read(decode(value));
      this.collections.set(collection.ns, collection);
    }
  }

  private read(doc: Document): Collection {
    const ns = String(doc['ns']);
    const dot = ns.indexOf('.');
    const indexes = (doc['indexes'] as Document[]).map((entry) =>
      indexFromSpec(Number(entry['id']), entry['spec'] as Document, (entry['multikey'] as boolean[]).slice()),
    );
    return {
      ns,
      db: ns.slice(0, dot),
      name: ns.slice(dot + 1),
      id: Number(doc['id']),
      uuid: String(doc['uuid']),
      indexes,
    };
  }

  private saveMeta(): void {
    putMeta(this.storage, this.nextId);
  }

  /** Writes a collection's entry; inside a transaction. */
  save(collection: Collection): void {
    const indexes = collection.indexes.map(({ id, spec, multikey }) => ({ id, spec, multikey }));
    const { ns, id, uuid } = collection;
    this.storage.catalog.putSync(nsKey(ns), encode({ ns, id, uuid, indexes }));
  }

  /** A number for a new collection or index; never used twice. */
  allocateId(): number {
    const id = this.nextId++;
    this.saveMeta();
    return id;
  }

  /** The highest number given out so far. */
  get highestId(): number {
    return this.nextId - 1;
  }

  get(ns: string): Collection | undefined {
    return this.collections.get(ns);
  }

  /** The collection, created when missing; inside a transaction. */
  ensure(db: string, name: string): Collection {
    const ns = `${db}.${name}`;
    const existing = this.collections.get(ns);
    if (existing) return existing;
    checkName(db, name);
    const collection: Collection = { ns, db, name, id: this.allocateId(), uuid: randomUUID(), indexes: [] };
    this.save(collection);
    this.collections.set(ns, collection);
    return collection;
  }

  /** Removes a collection with its documents and indexes; inside a transaction. */
  drop(collection: Collection): void {
    for (const index of collection.indexes) clearSpan(this.storage.indexes, spanOf(index.id));
    clearSpan(this.storage.documents, spanOf(collection.id));
    this.storage.catalog.removeSync(nsKey(collection.ns));
    this.collections.delete(collection.ns);
  }

  /** The collections of one database by name, or all. */
  list(db?: string): Collection[] {
    const all = [...this.collections.values()].filter((collection) => db === undefined || collection.db === db);
    return all.sort((a, b) => (a.ns < b.ns ? -1 : 1));
  }
}

function checkName(db: string, name: string): void {
  if (db === '' || /[/\\. "$\0]/.test(db)) throw commandError('InvalidNamespace', `Invalid database name: '${db}'`);
  if (name === '' || name.includes('$') || name.includes('\0') || name.startsWith('.') || name.startsWith('system.')) {
    throw commandError('InvalidNamespace', `Invalid collection name: '${name}'`);
  }
  if (Buffer.byteLength(`${db}.${name}`) > 255) {
    throw commandError('InvalidNamespace', `Fully qualified namespace is too long: ${db}.${name}`);
  }
}
