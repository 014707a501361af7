import fc from 'fast-check';
import { MongoClient, MongoServerError, type Collection, type Document } from 'mongodb';
import * as arbitrary from './differential/arbitraries';
import { fill, find, show, update, type Answer } from './differential/engines';
import { exceptions, type Question } from './differential/exceptions';
import { openStore, type TestStore } from './support';

/** Each property has this long; a failure prints its seed and path. */
const BUDGET_MS = 10_000;
/** The same cases every time, so that a red run is the fault of a change; DIFFERENTIAL_RUNS and _SEED look further. */
const LIMITS = {
  seed: Number(process.env['DIFFERENTIAL_SEED'] ?? 20_261_123),
  numRuns: Number(process.env['DIFFERENTIAL_RUNS'] ?? 150),
  interruptAfterTimeLimit: BUDGET_MS,
  markInterruptAsFailure: false,
};
jest.setTimeout(BUDGET_MS + 30_000);

/** Checks a property within the budget, then waits for the case that was under way when the time was up. */
async function hold<T>(values: fc.Arbitrary<T>, check: (value: T) => Promise<void>): Promise<void> {
  let last: Promise<unknown> = Promise.resolve();
  const tracked = (value: T): Promise<void> => {
    const run = check(value);
    last = run.catch(() => undefined);
    return run;
  };
  try {
    await fc.assert(fc.asyncProperty(values, tracked), LIMITS);
  } finally {
    await last;
  }
}

const second = process.env['MONGODB_TEST_URL'];

describe('index plans and full scans give the same answers', () => {
  let test: TestStore;
  let collection: Collection;
  const indexes: [Document, Document][] = [
    [{ a: 1 }, {}],
    [{ a: 1, b: -1 }, {}],
    [{ 'a.b': 1, c: 1 }, {}],
    [{ 'a.b': 1, 'a.c': -1 }, {}],
    [{ 'a.0': 1 }, {}],
    [{ b: -1 }, {}],
    [{ b: 1, 'a.c': 1 }, { sparse: true }],
    [{ c: 1 }, { partialFilterExpression: { c: { $gte: 1 } } }],
    [{ 'b.a': 1 }, { partialFilterExpression: { a: { $exists: true } } }],
  ];

  beforeAll(async () => {
    test = await openStore();
    collection = test.db.collection('indexed');
    for (const [key, options] of indexes) await collection.createIndex(key, options);
  });
  afterAll(() => test.close());

  /** Documents that an index refuses (parallel arrays) are left out. */
  async function fillIndexed(docs: readonly Document[]): Promise<void> {
    await collection.deleteMany({});
    try {
      await collection.insertMany([...docs], { ordered: false });
    } catch (error) {
      if (!(error instanceof MongoServerError) || ![171, 16746].includes(Number(error.code))) throw error;
    }
  }

  const queriesOf = (filters: fc.Arbitrary<Document>) =>
    fc.array(fc.tuple(filters, arbitrary.sort, fc.constantFrom(...indexes.map(([key]) => key))), {
      minLength: 1,
      maxLength: 5,
    });

  it.each([
    ['for any filter and order', arbitrary.documents, arbitrary.filter],
    ['for conditions that one element of an array or two may meet', arbitrary.arrays, arbitrary.arrayFilters],
  ])('%s, by the chosen plan and by any index that may be used', async (_name, documents, filters) => {
    await hold(fc.tuple(documents, queriesOf(filters)), async ([docs, queries]) => {
      await fillIndexed(docs);
      for (const [filter, sort, hint] of queries) {
        const expected = await find(collection, filter, { sort, hint: { $natural: 1 } });
        expect(await find(collection, filter, { sort })).toEqual(expected);
        const hinted = await find(collection, filter, { sort, hint });
        // A partial or sparse index that does not hold every answer is refused.
        if (hinted.code !== 2) expect(hinted).toEqual(expected);
      }
    });
  });

  it('after updates, for documents that move in the indexes', async () => {
    await hold(fc.tuple(arbitrary.documents, arbitrary.update, arbitrary.filter), async ([docs, change, filter]) => {
      await fillIndexed(docs);
      await update(collection, change);
      const sort = { _id: 1 };
      expect(await find(collection, filter, { sort })).toEqual(
        await find(collection, filter, { sort, hint: { $natural: 1 } }),
      );
    });
  });
});

describe('the second engine', () => {
  it('has at most twenty differences that are excepted', () => {
    expect(exceptions.length).toBeLessThanOrEqual(20);
  });
});

const withSecondEngine = (name: string, tests: () => void): void => {
  if (second !== undefined) describe(name, tests);
};

withSecondEngine('this store and the second engine give the same answers', () => {
  let test: TestStore;
  let client: MongoClient;
  let ours: Collection;
  let theirs: Collection;

  beforeAll(async () => {
    test = await openStore();
    ours = test.db.collection('same');
    client = await MongoClient.connect(second ?? '');
    theirs = client.db(`test_differential_${process.pid}_${Date.now()}`).collection('same');
  });
  afterAll(async () => {
    await client.db(theirs.dbName).dropDatabase();
    await client.close();
    await test.close();
  });

  const fillBoth = (docs: readonly Document[]) => Promise.all([fill(ours, docs), fill(theirs, docs)]);

  function ask(collection: Collection, question: Question): Promise<Answer> {
    if (question.kind === 'find') return find(collection, question.filter, question.options);
    return update(collection, question.change);
  }

  /** Of two mistakes in one update each engine names the one it meets first: then each part by itself agrees. */
  async function isOneOfTwoMistakes(docs: readonly Document[], question: Question, mine: Answer, other: Answer) {
    if (question.kind === 'find' || mine.code === undefined || other.code === undefined) return false;
    const parts: [string, unknown][] = Object.entries(question.change.update);
    if (parts.length < 2) return false;
    for (const [operator, operand] of parts) {
      await fillBoth(docs);
      await compare(docs, { kind: 'update', change: { ...question.change, update: { [operator]: operand } } });
    }
    return true;
  }

  async function compare(docs: readonly Document[], question: Question): Promise<void> {
    const [mine, other] = await Promise.all([ask(ours, question), ask(theirs, question)]);
    if (mine.text === other.text || exceptions.some((each) => each.covers(question, docs, mine, other))) return;
    if (await isOneOfTwoMistakes(docs, question, mine, other)) return;
    throw new Error(`${show(question)}\n  this store   ${mine.text}\n  the second   ${other.text}`);
  }

  const queries = (options: fc.Arbitrary<Document>) =>
    fc.array(fc.tuple(arbitrary.filter, options), { minLength: 1, maxLength: 5 });
  const byId = fc.constant({ sort: { _id: 1 } });

  it.each<[string, fc.Arbitrary<Document>]>([
    ['filters', byId],
    ['orders', arbitrary.sort.map((sort) => ({ sort }))],
    ['projections', arbitrary.projection.map((projection) => ({ sort: { _id: 1 }, projection }))],
  ])('to %s', async (_name, options) => {
    await hold(fc.tuple(arbitrary.documents, queries(options)), async ([docs, asked]) => {
      await fillBoth(docs);
      for (const [filter, each] of asked) await compare(docs, { kind: 'find', filter, options: each });
    });
  });

  it('to updates', async () => {
    await hold(fc.tuple(arbitrary.documents, arbitrary.update), async ([docs, change]) => {
      const some = docs.slice(0, 1);
      await fillBoth(some);
      await compare(some, { kind: 'update', change });
    });
  });

  it.each(exceptions.map((each) => [each.name, each] as const))(
    'but for the exception: %s',
    async (_name, { docs, question }) => {
      await fillBoth(docs);
      const [mine, other] = await Promise.all([ask(ours, question), ask(theirs, question)]);
      expect(mine.text).not.toBe(other.text);
    },
  );
});
