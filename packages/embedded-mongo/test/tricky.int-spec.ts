import { Decimal128, Double, Int32, Long, type Document } from 'mongodb';
import { freshDir, openStore, serverError, type TestStore } from './support';
import { rmSync } from 'node:fs';

interface Row extends Document {
  _id: number;
}

/** What goes wrong easily, item by item, through the driver. The rules themselves have specs beside the sources. */
describe('tricky', () => {
  let test: TestStore;
  let number = 0;
  beforeAll(async () => {
    test = await openStore();
  });
  afterAll(() => test.close());

  async function filled(...docs: Document[]) {
    const collection = test.db.collection<Row>(`c${number++}`);
    if (docs.length > 0) await collection.insertMany(docs.map((doc, i) => ({ _id: i, ...doc })));
    return collection;
  }
  const idsOf = async (docs: Document[], filter: Document, sort: Document = { _id: 1 }): Promise<unknown[]> => {
    const collection = await filled(...docs);
    return (
      await collection
        .find(filter)
        .sort(sort as Record<string, 1 | -1>)
        .toArray()
    ).map(({ _id }) => _id);
  };
  const EXACT = { promoteValues: false, promoteLongs: false } as const;
  const after = async (
    doc: Document,
    update: Document,
    options: Document = {},
    filter: Document = {},
  ): Promise<Document> => {
    const collection = await filled(doc);
    await collection.updateOne(filter, update, options);
    return (await collection.findOne({}, { ...EXACT, projection: { _id: 0 } })) ?? {};
  };
  const refusal = async (doc: Document, update: Document, options: Document = {}): Promise<unknown> => {
    const collection = await filled(doc);
    return (await serverError(collection.updateOne({ _id: 0 }, update, options))).code;
  };

  it('array traversal in dotted paths and numeric path parts', async () => {
    const docs = [
      { a: [{ b: 1 }, { b: 2 }] },
      { a: { b: [2, 3] } },
      { a: [[{ b: 2 }]] },
      { a: [{ 0: 'x' }, 'y'] },
      { a: { 0: 'y' } },
    ];
    expect(await idsOf(docs, { 'a.b': 2 })).toEqual([0, 1]);
    expect(await idsOf(docs, { 'a.0.b': 2 })).toEqual([2]);
    expect(await idsOf(docs, { 'a.0': 'x' })).toEqual([3]);
    expect(await idsOf(docs, { 'a.0': 'y' })).toEqual([4]);
    expect(await idsOf(docs, { 'a.1': 'y' })).toEqual([3]);
  });

  it('null vs missing vs $exists', async () => {
    const docs = [{}, { a: null }, { a: 1 }, { a: [] }, { a: [null] }];
    expect(await idsOf(docs, { a: null })).toEqual([0, 1, 4]);
    expect(await idsOf(docs, { a: { $ne: null } })).toEqual([2, 3]);
    expect(await idsOf(docs, { a: { $exists: true } })).toEqual([1, 2, 3, 4]);
    expect(await idsOf(docs, { a: { $exists: false } })).toEqual([0]);
    expect(await idsOf(docs, { a: { $gte: null } })).toEqual([0, 1, 4]);
    expect(await idsOf([{ a: [{ b: 1 }, {}] }, { a: [] }, { a: 5 }], { 'a.b': null })).toEqual([0, 2]);
  });

  it('bracketed comparisons', async () => {
    const docs = [{ a: 5 }, { a: '5' }, { a: new Date(5) }, { a: true }, { a: { b: 5 } }, {}];
    expect(await idsOf(docs, { a: { $gt: 1 } })).toEqual([0]);
    expect(await idsOf(docs, { a: { $lt: 'z' } })).toEqual([1]);
    expect(await idsOf(docs, { a: { $gte: new Date(0) } })).toEqual([2]);
    expect(await idsOf(docs, { a: { $lte: true } })).toEqual([3]);
  });

  it('$ne/$nin/$not on arrays', async () => {
    const docs = [{ a: [1, 2] }, { a: [3] }, { a: [] }, {}];
    expect(await idsOf(docs, { a: { $ne: 1 } })).toEqual([1, 2, 3]);
    expect(await idsOf(docs, { a: { $nin: [2, 3] } })).toEqual([2, 3]);
    expect(await idsOf(docs, { a: { $not: { $gt: 1 } } })).toEqual([2, 3]);
  });

  it('sort key of arrays (min/max), empty array < null', async () => {
    const docs = [{ a: [5, 1] }, { a: 3 }, { a: null }, { a: [] }, {}, { a: [4, 2] }];
    expect(await idsOf(docs, {}, { a: 1, _id: 1 })).toEqual([3, 2, 4, 0, 5, 1]);
    expect(await idsOf(docs, {}, { a: -1, _id: 1 })).toEqual([0, 5, 1, 2, 4, 3]);
  });

  it('NaN, −0', async () => {
    const docs = [{ a: NaN }, { a: new Double(-0) }, { a: 0 }, { a: -Infinity }];
    expect(await idsOf(docs, {}, { a: 1, _id: 1 })).toEqual([0, 3, 1, 2]);
    expect(await idsOf(docs, { a: NaN })).toEqual([0]);
    expect(await idsOf(docs, { a: 0 })).toEqual([1, 2]);
    expect(await idsOf(docs, { a: { $lt: 5 } })).toEqual([1, 2, 3]);
    expect(await after({ a: 0 }, { $set: { a: new Double(-0) } })).toEqual({ a: new Double(-0) });
  });

  it('Int32/Double/Long/Decimal order', async () => {
    const docs = [
      { a: Long.fromString('9007199254740993') },
      { a: new Double(9007199254740992) },
      { a: Decimal128.fromString('9007199254740992.5') },
      { a: new Int32(7) },
      { a: new Double(7.5) },
      { a: Decimal128.fromString('7.25') },
    ];
    expect(await idsOf(docs, {}, { a: 1 })).toEqual([3, 5, 4, 1, 2, 0]);
    expect(
      await idsOf([{ a: 1 }, { a: new Double(1) }, { a: Long.ONE }, { a: Decimal128.fromString('1.0') }], { a: 1 }),
    ).toEqual([0, 1, 2, 3]);
  });

  it.each<[string, unknown, unknown, unknown]>([
    ['int', new Int32(1), new Int32(1), new Int32(2)],
    ['int past 32 bits', new Int32(2147483647), new Int32(1), Long.fromString('2147483648')],
    ['long', Long.fromString('9007199254740993'), new Int32(1), Long.fromString('9007199254740994')],
    ['double', new Double(5), new Int32(1), new Double(6)],
    ['decimal', Decimal128.fromString('0.1'), Decimal128.fromString('0.2'), Decimal128.fromString('0.3')],
  ])('type-preserving $inc with overflow: %s', async (_name, value, by, expected) => {
    expect(await after({ a: value }, { $inc: { a: by } })).toEqual({ a: expected });
  });

  it('type-preserving $inc with overflow: past 64 bits is an error (2)', async () => {
    expect(await refusal({ a: Long.MAX_VALUE }, { $inc: { a: 1 } })).toBe(2);
  });

  it('Date before 1970', async () => {
    const docs = [{ a: new Date(-1) }, { a: new Date(0) }, { a: new Date(-86_400_000 * 365 * 100) }];
    expect(await idsOf(docs, {}, { a: 1 })).toEqual([2, 0, 1]);
    expect(await idsOf(docs, { a: { $lt: new Date(0) } })).toEqual([0, 2]);
    const indexed = await filled(...docs);
    await indexed.createIndex({ a: 1 });
    expect(
      (
        await indexed
          .find({ a: { $lt: new Date(0) } })
          .sort({ a: 1 })
          .toArray()
      ).map(({ _id }) => _id),
    ).toEqual([2, 0]);
  });

  it('$ after multikey and after $elemMatch', async () => {
    const doc = { a: [{ n: 1 }, { n: 2 }, { n: 3 }] };
    expect(await after(doc, { $set: { 'a.$.seen': true } }, {}, { 'a.n': 2 })).toMatchObject({
      a: [{}, { seen: true }, {}],
    });
    const byElement = { a: { $elemMatch: { n: { $gt: 2 } } } };
    expect(await after(doc, { $set: { 'a.$.seen': true } }, {}, byElement)).toMatchObject({
      a: [{}, {}, { seen: true }],
    });
  });

  it('$[] and $[id]', async () => {
    expect(await after({ a: [1, 2] }, { $inc: { 'a.$[]': 1 } })).toEqual({ a: [new Int32(2), new Int32(3)] });
    const big = { arrayFilters: [{ x: { $gt: 1 } }] };
    expect(await after({ a: [1, 2] }, { $set: { 'a.$[x]': 9 } }, big)).toEqual({ a: [new Int32(1), new Int32(9)] });
  });

  it('upsert with positional (error)', async () => {
    const collection = await filled();
    const upsert = collection.updateOne({ a: 1 }, { $set: { 'a.$': 1 } }, { upsert: true });
    expect(await serverError(upsert)).toMatchObject({ code: 2 });
    expect(await collection.countDocuments()).toBe(0);
  });

  it.each<[string, Document, Document, number]>([
    ['path conflicts (40)', {}, { $set: { a: 1, 'a.b': 2 } }, 40],
    ['path conflicts (40) of a field and array filters', {}, { $set: { 'a.$[]': 1, 'a.b': 2 } }, 40],
    ['PathNotViable (28)', { a: 1 }, { $set: { 'a.b': 1 } }, 28],
    ['PathNotViable (28) of $rename', { a: 1 }, { $rename: { 'a.b': 'c' } }, 28],
    ['immutable _id (66)', {}, { $set: { _id: 9 } }, 66],
    ['TypeMismatch (14)', { a: 'x' }, { $inc: { a: 1 } }, 14],
    ['16 MB (10334)', { a: 'x'.repeat(9_000_000) }, { $set: { b: 'x'.repeat(9_000_000) } }, 10334],
  ])('%s', async (_name, doc, update, code) => {
    expect(await refusal(doc, update)).toBe(code);
  });

  it('no-op update ⇒ nModified 0', async () => {
    const collection = await filled({ a: 1, list: [1] });
    const update = { $set: { a: 1 }, $addToSet: { list: 1 }, $unset: { b: '' }, $pull: { none: 1 } } as Document;
    expect(await collection.updateOne({}, update)).toMatchObject({ matchedCount: 1, modifiedCount: 0 });
  });

  it('upsert seed from $eq/$and/$in[1]', async () => {
    const collection = await filled();
    const filter: Document = {
      _id: 1,
      a: { $eq: 2 },
      $and: [{ b: 3 }, { c: { $in: [4] } }],
      d: { $in: [5, 6] },
      e: { $gt: 7 },
    };
    await collection.updateOne(filter, { $set: { z: 1 } }, { upsert: true });
    expect(await collection.findOne()).toEqual({ _id: 1, a: 2, b: 3, c: 4, z: 1 });
  });

  it('unique + partial + sparse + multikey', async () => {
    const unique = await filled({ a: [1, 2] });
    await unique.createIndex({ a: 1 }, { unique: true });
    expect(await serverError(unique.insertOne({ _id: 1, a: [3, 2] }))).toMatchObject({ code: 11000 });
    await unique.insertOne({ _id: 2, a: [4, 4] });
    const partial = await filled();
    await partial.createIndex({ a: 1 }, { unique: true, partialFilterExpression: { on: true } });
    await partial.insertMany([
      { _id: 1, a: 1 },
      { _id: 2, a: 1 },
      { _id: 3, a: 1, on: true },
    ]);
    expect(await serverError(partial.insertOne({ _id: 4, a: 1, on: true }))).toMatchObject({ code: 11000 });
    const sparse = await filled();
    await sparse.createIndex({ a: 1 }, { unique: true, sparse: true });
    await sparse.insertMany([{ _id: 1 }, { _id: 2 }, { _id: 3, a: null }]);
    expect(await serverError(sparse.insertOne({ _id: 4, a: null }))).toMatchObject({ code: 11000 });
  });

  it('update that moves in/out of a partial index', async () => {
    const collection = await filled({ a: 1, on: true }, { a: 1, on: false });
    await collection.createIndex({ a: 1 }, { unique: true, partialFilterExpression: { on: true } });
    const enter = () => collection.updateOne({ _id: 1 }, { $set: { on: true } });
    expect(await serverError(enter())).toMatchObject({ code: 11000 });
    await collection.updateOne({ _id: 0 }, { $set: { on: false } });
    expect(await enter()).toMatchObject({ modifiedCount: 1 });
    expect(await collection.find({ a: 1, on: true }).hint({ a: 1 }).toArray()).toEqual([{ _id: 1, a: 1, on: true }]);
  });

  it('multi-key flag persistence', async () => {
    const dir = freshDir();
    const before = await openStore({ dir });
    await before.db.collection('m').createIndex({ a: 1 });
    await before.db.collection('m').insertOne({ a: [1, 9] });
    await before.close();
    const again = await openStore({ dir });
    const query = { a: { $gt: 4, $lt: 5 } };
    // Only a multikey index must not join both bounds: 9 satisfies one and 1 the other.
    expect(await again.db.collection('m').countDocuments(query)).toBe(1);
    await again.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('parallel arrays error (171)', async () => {
    const collection = await filled();
    await collection.createIndex({ a: 1, b: 1 });
    expect(await serverError(collection.insertOne({ _id: 1, a: [1], b: [2] }))).toMatchObject({ code: 171 });
    expect(await collection.countDocuments()).toBe(0);
  });

  it('duplicates inside one batch', async () => {
    const collection = await filled();
    await collection.createIndex({ a: 1 }, { unique: true });
    const rows = [
      { _id: 1, a: 1 },
      { _id: 2, a: 1 },
      { _id: 3, a: 2 },
    ];
    expect(await serverError(collection.insertMany(rows))).toMatchObject({ code: 11000 });
    expect(await collection.countDocuments()).toBe(1);
  });

  it('index build on existing duplicates must roll back and remove the catalog entry', async () => {
    const collection = await filled({ a: 1 }, { a: 1 });
    expect(await serverError(collection.createIndex({ a: 1 }, { unique: true }))).toMatchObject({ code: 11000 });
    expect((await collection.indexes()).map(({ name }) => name)).toEqual(['_id_']);
    await collection.insertOne({ _id: 5, a: 1 });
  });

  it('index option conflicts 85/86', async () => {
    const collection = await filled();
    await collection.createIndex({ a: 1 });
    expect(await serverError(collection.createIndex({ a: 1 }, { name: 'other' }))).toMatchObject({ code: 85 });
    expect(await serverError(collection.createIndex({ a: 1 }, { unique: true }))).toMatchObject({ code: 86 });
    expect(await serverError(collection.createIndex({ b: 1 }, { name: 'a_1' }))).toMatchObject({ code: 86 });
  });

  it('cursor while deleting', async () => {
    const collection = await filled(...Array.from({ length: 30 }, (_, i) => ({ a: i })));
    await collection.createIndex({ a: 1 });
    const cursor = collection
      .find({ a: { $gte: 0 } })
      .sort({ a: 1 })
      .batchSize(5);
    const seen: unknown[] = [];
    for await (const { _id } of cursor) {
      seen.push(_id);
      await collection.deleteMany({ a: { $gte: 20 } });
    }
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('lsid/$clusterTime/$readPreference/readConcern/writeConcern/comment/hint accepted', async () => {
    const collection = await filled({ a: 1 });
    const generic = { readConcern: { level: 'majority' }, comment: 'why', $readPreference: { mode: 'primary' } };
    const find = { find: collection.collectionName, filter: {}, hint: { _id: 1 }, ...generic };
    expect(await test.db.command(find)).toMatchObject({ ok: 1 });
    const session = test.client.startSession();
    const options = { session, writeConcern: { w: 'majority' as const, j: true }, comment: 'why', hint: '_id_' };
    expect(await collection.updateOne({}, { $set: { a: 2 } }, options)).toMatchObject({ modifiedCount: 1 });
    await session.endSession();
  });

  it('w:0', async () => {
    const collection = await filled({ a: 1 });
    await collection.updateOne({}, { $set: { a: 2 } }, { writeConcern: { w: 0 } });
    // The next command of the same connection comes behind it.
    for (let tries = 0; tries < 100 && (await collection.countDocuments({ a: 2 })) === 0; tries++)
      await test.db.command({ ping: 1 });
    expect(await collection.countDocuments({ a: 2 })).toBe(1);
  });
});
