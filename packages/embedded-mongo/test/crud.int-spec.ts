import { Binary, Double, Int32, Long, ObjectId, UUID } from 'mongodb';
import { openStore, serverError, type TestStore } from './support';

describe('reading and writing with the MongoDB driver', () => {
  let test: TestStore;
  beforeAll(async () => {
    test = await openStore();
  });
  afterAll(() => test.close());

  interface Item {
    _id: number;
    n?: number;
    tag?: string;
    list?: number[];
  }
  const items = (name: string) => test.db.collection<Item>(name);

  it('gives back what was stored, with every type', async () => {
    const col = test.db.collection('types');
    const doc = {
      _id: new ObjectId(),
      uuid: new UUID(),
      bytes: new Binary(Buffer.from([1, 2, 3])),
      int: 5,
      double: new Double(5),
      long: Long.fromString('9007199254740993'),
      date: new Date(-5),
      text: 'a\u0000ü🙂',
      nested: { list: [1, 'two', null, { three: true }] },
    };
    await col.insertOne(doc);
    const found = await col.findOne({ _id: doc._id }, { promoteValues: false, promoteLongs: false });
    expect(found).toMatchObject({ double: new Double(5), int: new Int32(5), long: doc.long, text: doc.text });
    expect((found?.['uuid'] as UUID).toHexString()).toBe(doc.uuid.toHexString());
    expect(found?.['date']).toEqual(doc.date);
    await col.updateOne({ _id: doc._id }, { $set: { other: 1 } });
    const after = await col.findOne({ _id: doc._id }, { promoteValues: false, promoteLongs: false });
    expect(after).toEqual({ ...found, other: new Int32(1) });
  });

  it('puts _id first and keeps the order of the other fields', async () => {
    const col = test.db.collection('order');
    await col.insertOne({ b: 1, a: 2, _id: 7 as unknown as ObjectId });
    expect(Object.keys((await col.findOne({})) ?? {})).toEqual(['_id', 'b', 'a']);
  });

  it('finds with sort, skip, limit and projection', async () => {
    const col = items('find');
    await col.insertMany(Array.from({ length: 250 }, (_, i) => ({ _id: i, n: i % 10, tag: `t${i % 3}` })));
    const page = await col
      .find({ n: 3 }, { projection: { n: 1 } })
      .sort({ _id: -1 })
      .skip(2)
      .limit(3)
      .toArray();
    expect(page).toEqual([
      { _id: 223, n: 3 },
      { _id: 213, n: 3 },
      { _id: 203, n: 3 },
    ]);
    expect(await col.find({}).sort({ tag: 1, n: -1, _id: 1 }).limit(2).toArray()).toEqual([
      { _id: 9, n: 9, tag: 't0' },
      { _id: 39, n: 9, tag: 't0' },
    ]);
  });

  it('hands out large results in batches, sorted in memory or not', async () => {
    const col = items('batches');
    await col.insertMany(Array.from({ length: 500 }, (_, i) => ({ _id: i, n: -i })));
    const ids = (await col.find({}).batchSize(7).toArray()).map((doc) => doc._id);
    expect(ids).toEqual(Array.from({ length: 500 }, (_, i) => i));
    const sorted = (await col.find({}).sort({ n: 1 }).batchSize(33).toArray()).map((doc) => doc._id);
    expect(sorted).toEqual(Array.from({ length: 500 }, (_, i) => 499 - i));
  });

  it('keeps a cursor steady while documents are deleted and inserted', async () => {
    const col = items('moving');
    await col.insertMany(Array.from({ length: 100 }, (_, i) => ({ _id: i * 2 })));
    const cursor = col.find({}).batchSize(10);
    const seen: number[] = [];
    for await (const doc of cursor) {
      seen.push(doc._id);
      await col.deleteOne({ _id: doc._id });
      await col.insertOne({ _id: -1 - doc._id });
    }
    expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => i * 2));
  });

  it('splits batches at 16 MB', async () => {
    const col = test.db.collection('big');
    const text = 'x'.repeat(5_000_000);
    for (let i = 0; i < 5; i++) await col.insertOne({ i, text });
    const found = await col.find({}).toArray();
    expect(found.map((doc) => (doc['text'] as string).length)).toEqual(Array.from({ length: 5 }, () => 5_000_000));
  });

  it('answers duplicate keys with code, pattern and value', async () => {
    const col = items('dup');
    await col.insertOne({ _id: 1 });
    const error = await serverError(col.insertOne({ _id: 1 }));
    expect(error).toMatchObject({ code: 11000, keyPattern: { _id: 1 }, keyValue: { _id: 1 } });
    expect(error.message).toContain(
      'E11000 duplicate key error collection: school.dup index: _id_ dup key: { _id: 1 }',
    );
  });

  it('stops an ordered insert at the first error and passes over it in an unordered one', async () => {
    const col = items('many');
    await serverError(col.insertMany([{ _id: 1 }, { _id: 1 }, { _id: 2 }]));
    expect(await col.countDocuments()).toBe(1);
    const error = await serverError(
      col.insertMany([{ _id: 1 }, { _id: 3 }, { _id: 3 }, { _id: 4 }], { ordered: false }),
    );
    expect(error).toMatchObject({ code: 11000, result: { insertedCount: 2 } });
    expect((await col.find().toArray()).map((doc) => doc._id)).toEqual([1, 3, 4]);
  });

  it('updates one and many, counts what changed and leaves no-ops alone', async () => {
    const col = items('update');
    await col.insertMany(Array.from({ length: 10 }, (_, i) => ({ _id: i, n: i % 2 })));
    expect(await col.updateOne({ _id: 3 }, { $inc: { n: 5 } })).toMatchObject({ matchedCount: 1, modifiedCount: 1 });
    expect(await col.updateOne({ _id: 3 }, { $set: { n: 6 } })).toMatchObject({ matchedCount: 1, modifiedCount: 0 });
    expect(await col.updateMany({ n: 0 }, { $set: { tag: 'even' } })).toMatchObject({ modifiedCount: 5 });
    expect(await col.countDocuments({ tag: 'even' })).toBe(5);
    await col.replaceOne({ _id: 4 }, { tag: 'replaced' });
    expect(await col.findOne({ _id: 4 })).toEqual({ _id: 4, tag: 'replaced' });
    await col.updateOne({ _id: 4 }, { $set: { list: [1, 5, 9] } });
    await col.updateOne({ _id: 4 }, { $inc: { 'list.$[big]': 100 } }, { arrayFilters: [{ big: { $gt: 4 } }] });
    expect((await col.findOne({ _id: 4 }))?.list).toEqual([1, 105, 109]);
  });

  it('upserts from filter and update', async () => {
    const col = items('upsert');
    const first = await col.updateOne({ _id: 5, tag: 'x' }, { $setOnInsert: { n: 1 } }, { upsert: true });
    expect(first).toMatchObject({ upsertedCount: 1, upsertedId: 5, matchedCount: 0 });
    expect(await col.findOne({})).toEqual({ _id: 5, tag: 'x', n: 1 });
    const second = await col.updateOne({ _id: 5 }, { $setOnInsert: { n: 2 } }, { upsert: true });
    expect(second).toMatchObject({ upsertedCount: 0, matchedCount: 1, modifiedCount: 0 });
  });

  it('finds and modifies', async () => {
    const col = items('fam');
    await col.insertMany([
      { _id: 1, n: 1 },
      { _id: 2, n: 2 },
    ]);
    expect(await col.findOneAndUpdate({}, { $inc: { n: 10 } }, { sort: { n: -1 } })).toEqual({ _id: 2, n: 2 });
    const after = await col.findOneAndUpdate({ _id: 2 }, { $inc: { n: 1 } }, { returnDocument: 'after' });
    expect(after).toEqual({ _id: 2, n: 13 });
    expect(await col.findOneAndDelete({ _id: 1 }, { projection: { _id: 0 } })).toEqual({ n: 1 });
    expect(await col.findOneAndUpdate({ _id: 9 }, { $set: { n: 1 } })).toBeNull();
    const made = await col.findOneAndUpdate({ _id: 9 }, { $set: { n: 1 } }, { upsert: true, returnDocument: 'after' });
    expect(made).toEqual({ _id: 9, n: 1 });
  });

  it('deletes one and many', async () => {
    const col = items('delete');
    await col.insertMany(Array.from({ length: 10 }, (_, i) => ({ _id: i, n: i % 2 })));
    expect((await col.deleteOne({ n: 1 })).deletedCount).toBe(1);
    expect((await col.deleteMany({ n: 1 })).deletedCount).toBe(4);
    expect((await col.deleteMany({ n: 1 })).deletedCount).toBe(0);
    expect(await col.estimatedDocumentCount()).toBe(5);
  });

  it('counts, groups and lists distinct values', async () => {
    const col = items('aggregate');
    await col.insertMany(Array.from({ length: 30 }, (_, i) => ({ _id: i, n: i, tag: `t${i % 3}`, list: [i % 4] })));
    expect(await col.countDocuments({ tag: 't1' })).toBe(10);
    expect(await col.countDocuments({}, { skip: 5, limit: 7 })).toBe(7);
    expect(await col.distinct('list')).toEqual([0, 1, 2, 3]);
    const groups = await col
      .aggregate([
        { $match: { n: { $gte: 3 } } },
        { $group: { _id: '$tag', count: { $sum: 1 }, top: { $max: '$n' }, first: { $first: '$n' } } },
        { $sort: { _id: 1 } },
        { $limit: 2 },
      ])
      .toArray();
    expect(groups).toEqual([
      { _id: 't0', count: 9, top: 27, first: 3 },
      { _id: 't1', count: 9, top: 28, first: 4 },
    ]);
    expect(await col.aggregate([{ $match: { tag: 't2' } }, { $count: 'total' }]).toArray()).toEqual([{ total: 10 }]);
  });

  it('lists and drops collections', async () => {
    await items('gone').insertOne({ _id: 1 });
    const names = async () => (await test.db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);
    expect(await names()).toContain('gone');
    await items('gone').drop();
    expect(await names()).not.toContain('gone');
    expect(await items('gone').countDocuments()).toBe(0);
  });

  it('does unacknowledged writes too', async () => {
    const col = items('w0');
    await col.insertOne({ _id: 1 }, { writeConcern: { w: 0 } });
    await test.db.command({ ping: 1 });
    for (let i = 0; i < 50 && (await col.countDocuments()) === 0; i++)
      await new Promise((done) => setTimeout(done, 10));
    expect(await col.countDocuments()).toBe(1);
  });
});
