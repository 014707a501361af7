import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Catalog, type Collection, type IndexDef } from '../catalog/catalog';
import { indexEntries } from '../catalog/index-keys';
import { idKeyOf } from '../exec/writer';
import { EmbeddedMongoError } from '../public-error';
import { extractIndexKeys } from '../query/path';
import { startFailure } from '../storage/failures';
import { whileNobodyWrites } from '../storage/lock';
import { DATA_FILE, spanOf, Storage } from '../storage/storage';
import { structureProblems } from '../storage/structure';
import { decode } from '../wire/raw';

const MAX_PROBLEMS = 100;

/** What a check found. The store is sound when there are no problems. */
export interface VerifyReport {
  collections: number;
  documents: number;
  entries: number;
  readonly problems: string[];
}

class Verifier {
  readonly report: VerifyReport = { collections: 0, documents: 0, entries: 0, problems: [] };
  private readonly expected = new Map<IndexDef, number>();

  constructor(private readonly storage: Storage) {}

  run(): VerifyReport {
    const catalog = new Catalog(this.storage);
    const collections = catalog.list();
    this.checkNumbers(collections, catalog.highestId);
    for (const collection of collections) this.collection(collection);
    const { documents, indexes } = this.storage;
    if (documents.getKeysCount({}) !== this.report.documents) this.problem('there are documents of no collection');
    if (indexes.getKeysCount({}) !== this.report.entries) this.problem('there are index entries of no index');
    return this.report;
  }

  private problem(text: string): void {
    if (this.report.problems.length < MAX_PROBLEMS) this.report.problems.push(text);
  }

  private checkNumbers(collections: readonly Collection[], highest: number): void {
    const seen = new Set<number>();
    for (const id of collections.flatMap((one) => [one.id, ...one.indexes.map((index) => index.id)])) {
      if (seen.has(id) || !(id > 0 && id <= highest)) this.problem(`the catalog uses the number ${id} wrongly`);
      seen.add(id);
    }
  }

  private collection(collection: Collection): void {
    this.report.collections++;
    for (const index of collection.indexes) this.expected.set(index, 0);
    let count = 0;
    for (const { key, value } of this.storage.documents.getRange(spanOf(collection.id))) {
      count++;
      try {
        this.document(collection, key.subarray(4), value);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        this.problem(`${collection.ns}: document ${count} cannot be read: ${why}`);
      }
    }
    this.report.documents += count;
    for (const index of collection.indexes) this.entries(collection, index);
  }

  private document(collection: Collection, idKey: Buffer, raw: Buffer): void {
    const doc = decode(raw);
    if (!idKeyOf(doc['_id']).equals(idKey)) this.problem(`${collection.ns}: a document is not under its own _id`);
    for (const index of collection.indexes) {
      const { keys, multikey } = indexEntries(index, doc, idKey);
      this.expected.set(index, (this.expected.get(index) ?? 0) + keys.length);
      for (const key of keys) {
        const owner = this.storage.indexes.get(key);
        if (owner?.equals(idKey)) continue;
        const what = owner ? 'is not unique' : 'lacks an entry';
        this.problem(`${collection.ns}: index ${index.name} ${what} for a document`);
      }
      const isNoted = (path: string, i: number): boolean =>
        index.multikey[i] === true || !extractIndexKeys(doc, [path]).multikey;
      if (multikey && !index.paths.every(isNoted))
        this.problem(`${collection.ns}: index ${index.name} knows no arrays`);
    }
  }

  /** As many entries as documents ask for, and each of those found: so there is none that leads nowhere. */
  private entries(collection: Collection, index: IndexDef): void {
    const count = this.storage.indexes.getKeysCount(spanOf(index.id));
    const expected = this.expected.get(index) ?? 0;
    this.report.entries += count;
    if (count !== expected) {
      this.problem(`${collection.ns}: index ${index.name} has ${count} entries instead of ${expected}`);
    }
  }
}

/**
 * Checks a folder that no process serves: every page is there, documents decode and lie under their `_id`, every index
 * has exactly their entries, unique keys belong to one document, the catalog is consistent. Changes nothing.
 * @throws LOCKED while a process serves the folder (check a backup instead), UNSUPPORTED_FORMAT, BROKEN when the file
 * is no store at all.
 */
export async function verifyStore(dir: string): Promise<VerifyReport> {
  const path = join(dir, DATA_FILE);
  if (!existsSync(path)) throw new EmbeddedMongoError('BROKEN', `there is no store in ${dir}`);
  return whileNobodyWrites(dir, async () => {
    try {
      const problems = structureProblems(path);
      // LMDB would map what is damaged and might take the process down with it.
      if (problems.length > 0) return { collections: 0, documents: 0, entries: 0, problems };
      const storage = Storage.attach(dir, 'read');
      try {
        return new Verifier(storage).run();
      } finally {
        await storage.close();
      }
    } catch (error) {
      throw startFailure(error, dir);
    }
  });
}
