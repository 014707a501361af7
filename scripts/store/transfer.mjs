// npm run store:export -- --dir D | --url U   --to mongodb://…            from the embedded store to MongoDB
// npm run store:import -- --from mongodb://…  --dir D | --url U           from MongoDB to the embedded store
import { startEmbeddedMongo } from '@presencepro/embedded-mongo';
import mongoose from 'mongoose';
import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';

const { BSON, MongoClient } = mongoose.mongo;
const BATCH = 1_000;
const SYSTEM = new Set(['admin', 'config', 'local']);
/** Numbers, dates and regular expressions keep their BSON types on the way. */
const AS_STORED = { promoteValues: false, promoteLongs: false, promoteBuffers: false, bsonRegExp: true };
const INDEX_OPTIONS = ['name', 'unique', 'sparse', 'partialFilterExpression', 'expireAfterSeconds'];

const USAGE = `npm run store:export -- (--dir FOLDER | --url URL) --to MONGODB_URL [--db NAME]
npm run store:import -- --from MONGODB_URL (--dir FOLDER | --url URL) [--db NAME]`;

/** A sum over the documents' hashes: the same for the same documents in any order, and never holds them. */
class Digest {
  count = 0;
  sum = 0n;

  add(raw) {
    this.count++;
    this.sum = (this.sum + BigInt(`0x${createHash('sha256').update(raw).digest('hex')}`)) & ((1n << 256n) - 1n);
  }

  toString() {
    return `${this.count} documents, ${this.sum.toString(16).padStart(64, '0').slice(0, 16)}`;
  }
}

async function digestOf(collection) {
  const digest = new Digest();
  for await (const raw of collection.find({}, { raw: true, batchSize: BATCH })) digest.add(raw);
  return digest;
}

async function copyDocuments(from, to) {
  const digest = new Digest();
  let batch = [];
  const flush = async () => {
    if (batch.length > 0) await to.insertMany(batch);
    batch = [];
  };
  for await (const raw of from.find({}, { raw: true, batchSize: BATCH })) {
    digest.add(raw);
    batch.push(BSON.deserialize(raw, AS_STORED));
    if (batch.length === BATCH) await flush();
  }
  await flush();
  return digest;
}

async function copyIndexes(from, to) {
  const wanted = (await from.indexes()).filter((index) => index.name !== '_id_');
  for (const index of wanted) {
    const options = INDEX_OPTIONS.filter((name) => index[name] !== undefined).map((name) => [name, index[name]]);
    await to.createIndex(index.key, Object.fromEntries(options));
  }
  return wanted.length;
}

async function copyCollection(from, to) {
  if ((await to.findOne({}, { projection: { _id: 1 } })) !== null) {
    throw new Error(`${to.namespace} exists in the target and is not empty: nothing is ever written over`);
  }
  const indexes = await copyIndexes(from, to);
  const read = await copyDocuments(from, to);
  const written = await digestOf(to);
  if (`${read}` !== `${written}`) throw new Error(`${from.namespace} differs after the copy: ${read} and ${written}`);
  return { digest: read, indexes };
}

/**
 * Copies databases with their indexes and compares counts and hashes of what was read with what the target then holds.
 * Documents that change meanwhile are not followed: stop the service first, or copy a restored backup.
 */
export async function transfer({ from, to, db, log = console.log }) {
  const source = await MongoClient.connect(from);
  const target = await MongoClient.connect(to).catch(async (error) => {
    await source.close();
    throw error;
  });
  const total = { collections: 0, documents: 0 };
  try {
    const { databases } = await source.db('admin').command({ listDatabases: 1, nameOnly: true });
    const names = databases
      .map(({ name }) => name)
      .filter((name) => (db === undefined ? !SYSTEM.has(name) : name === db));
    if (db !== undefined && names.length === 0) throw new Error(`the source has no database ${db}`);
    for (const name of names) {
      for (const { name: collection } of await source.db(name).listCollections({}, { nameOnly: true }).toArray()) {
        if (collection.startsWith('system.')) continue;
        const { digest, indexes } = await copyCollection(
          source.db(name).collection(collection),
          target.db(name).collection(collection),
        );
        total.collections++;
        total.documents += digest.count;
        log(`${name}.${collection}: ${digest}, ${indexes} indexes: same on both sides`);
      }
    }
    return total;
  } finally {
    await source.close();
    await target.close();
  }
}

async function main(direction) {
  const text = { type: 'string' };
  const options = { dir: text, url: text, from: text, to: text, db: text };
  const { values } = parseArgs({ args: process.argv.slice(3), options });
  const other = direction === 'export' ? values.to : values.from;
  if (!other || (values.dir === undefined) === (values.url === undefined)) throw new Error(USAGE);
  const store = values.dir === undefined ? undefined : await startEmbeddedMongo({ dir: values.dir });
  try {
    const own = store?.uri ?? values.url;
    const [from, to] = direction === 'export' ? [own, other] : [other, own];
    const { documents, collections } = await transfer({ from, to, db: values.db });
    console.log(`${documents} documents in ${collections} collections copied and compared`);
  } finally {
    await store?.stop();
  }
}

if (process.argv[2] === 'export' || process.argv[2] === 'import') {
  main(process.argv[2]).catch((error) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
