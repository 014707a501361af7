import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BSON, MongoClient } from 'mongodb';
import { errorMatches, matches } from './unified-match.mjs';
import { operations } from './unified-operations.mjs';

const SUITE = 'crud-unified';
const OUT_OF_SCOPE = /-collation\.json$|-let\.json$/;

const numbers = (version) => version.split('.').map(Number);

function compareVersions(a, b) {
  const [x, y] = [numbers(a), numbers(b)];
  for (let i = 0; i < 3; i++) if ((x[i] ?? 0) !== (y[i] ?? 0)) return (x[i] ?? 0) - (y[i] ?? 0);
  return 0;
}

function meets(requirement, version) {
  const { minServerVersion: least, maxServerVersion: most, topologies } = requirement;
  if (least && compareVersions(version, least) < 0) return false;
  // "4.2.99" ends the 4.2 series; a missing part is a zero.
  if (most && compareVersions(version, most) > 0) return false;
  return !topologies || topologies.includes('single');
}

const applies = (requirements, version) => !requirements?.length || requirements.some((each) => meets(each, version));

class World {
  entities = new Map();
  clients = [];

  constructor(url) {
    this.url = url;
  }

  async create(specs) {
    for (const spec of specs ?? []) {
      const [[kind, value]] = Object.entries(spec);
      this.entities.set(value.id, await this.build(kind, value));
    }
  }

  async build(kind, spec) {
    if (kind === 'client') {
      const client = new MongoClient(this.url, spec.uriOptions);
      this.clients.push(client);
      return client.connect();
    }
    if (kind === 'database') return this.entities.get(spec.client).db(spec.databaseName, spec.databaseOptions);
    if (kind !== 'collection') throw new Error(`entity ${kind} is not supported by this runner`);
    return this.entities.get(spec.database).collection(spec.collectionName, spec.collectionOptions);
  }

  async close() {
    for (const client of this.clients) await client.close();
  }
}

async function run(world, { name, object, arguments: args = {}, expectResult, expectError, ignoreResultAndError }) {
  const operation = operations[name];
  if (!operation) throw new Error(`operation ${name} is not supported by this runner`);
  let result;
  try {
    result = await operation(world.entities.get(object), structuredCopy(args));
  } catch (error) {
    if (ignoreResultAndError) return;
    if (!expectError) throw error;
    const problem = errorMatches(expectError, error);
    if (problem) throw new Error(`${name}: ${problem}; got ${error.message}`, { cause: error });
    return;
  }
  if (expectError) throw new Error(`${name} was expected to fail`);
  if (ignoreResultAndError || expectResult === undefined) return;
  const problem = matches(expectResult, result, true);
  if (problem) throw new Error(`${name}: ${problem}`);
}

/** The driver writes ids into documents it is given. */
const structuredCopy = (args) => BSON.EJSON.parse(BSON.EJSON.stringify(args, { relaxed: false }), { relaxed: true });

async function seed(client, initialData) {
  for (const { databaseName, collectionName, documents, createOptions } of initialData ?? []) {
    const db = client.db(databaseName);
    await db.dropCollection(collectionName);
    await db.createCollection(collectionName, createOptions);
    if (documents.length > 0) await db.collection(collectionName).insertMany(structuredCopy(documents));
  }
}

async function checkOutcome(client, outcome) {
  for (const { databaseName, collectionName, documents } of outcome ?? []) {
    const found = await client.db(databaseName).collection(collectionName).find({}).sort({ _id: 1 }).toArray();
    const problem = matches(documents, found, false);
    if (problem) throw new Error(`outcome of ${collectionName}: ${problem}`);
  }
}

async function runTest(admin, url, file, test) {
  const world = new World(url);
  try {
    await seed(admin, file.initialData);
    await world.create(file.createEntities);
    for (const operation of test.operations) await run(world, operation);
    await checkOutcome(admin, test.outcome);
  } finally {
    await world.close();
  }
}

/** Tests of the specification that need a feature of the server's test build, or a newer command. */
const needsMore = (test) => test.operations.some(({ name }) => name === 'failPoint' || name === 'clientBulkWrite');

/** Runs the unified CRUD tests. The events that a driver publishes are not compared: they are the driver's. */
export async function runCrudSuite(specDir, url) {
  const dir = join(specDir, 'source/crud/tests/unified');
  const admin = await MongoClient.connect(url);
  const { version } = await admin.db('admin').command({ buildInfo: 1 });
  const results = [];
  for (const fileName of (await readdir(dir)).filter((name) => name.endsWith('.json')).sort()) {
    const file = BSON.EJSON.parse(await readFile(join(dir, fileName), 'utf8'), { relaxed: true });
    for (const test of file.tests) {
      const result = { suite: SUITE, name: `${fileName.slice(0, -5)}: ${test.description}` };
      results.push(result);
      const outside = OUT_OF_SCOPE.test(fileName) || test.skipReason || needsMore(test);
      if (outside || !applies(file.runOnRequirements, version) || !applies(test.runOnRequirements, version)) {
        result.status = 'skipped';
        continue;
      }
      try {
        await runTest(admin, url, file, test);
        result.status = 'passed';
      } catch (error) {
        Object.assign(result, { status: 'failed', message: error.message });
      }
    }
  }
  await admin.close();
  return results;
}
