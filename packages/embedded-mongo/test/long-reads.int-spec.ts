import type { Collection } from 'mongodb';
import { openStore, serverError, type TestStore } from './support';

jest.setTimeout(60_000);

interface Row {
  _id: number;
  n: number;
  text: string;
}

const COUNT = 40_000;

describe('reads that take long', () => {
  let test: TestStore;
  let col: Collection<Row>;
  beforeAll(async () => {
    test = await openStore();
    col = test.db.collection<Row>('rows');
    const text = 'y'.repeat(100);
    for (let from = 0; from < COUNT; from += 10_000) {
      await col.insertMany(
        Array.from({ length: 10_000 }, (_, i) => ({ _id: from + i, n: (from + i) * 7919 - 40_000 * i, text })),
      );
    }
    await col.updateMany({ _id: { $in: [0, COUNT - 1] } }, { $set: { text: 'z' } });
  });
  afterAll(() => test.close());

  const reads: [string, () => Promise<unknown>, unknown][] = [
    ['a scan', () => col.find({ text: /z$/ }, { projection: { _id: 1 } }).toArray(), [{ _id: 0 }, { _id: COUNT - 1 }]],
    ['one document at the end', async () => (await col.findOne({ text: 'z', _id: { $ne: 0 } }))?._id, COUNT - 1],
    ['a sort', async () => (await col.find({ text: /^y/ }).sort({ text: 1, n: -1 }).limit(3).toArray()).length, 3],
    ['a count', () => col.countDocuments({ text: /y$/ }), COUNT - 2],
    ['distinct values', () => col.distinct('text', {}).then((found) => found.length), 2],
    [
      'a group',
      () =>
        col
          .aggregate([{ $group: { _id: '$text', n: { $sum: 1 } } }])
          .toArray()
          .then((all) => all.length),
      2,
    ],
  ];

  it.each(reads)('answer %s rightly and let writes pass', async (_, read, expected) => {
    let isAnswered = false;
    const answer = read().finally(() => (isAnswered = true));
    const others = test.db.collection<{ _id: string; n: number }>('others');
    for (let i = 0; i < 3; i++) await others.updateOne({ _id: 'a' }, { $inc: { n: 1 } }, { upsert: true });
    expect(isAnswered).toBe(false);
    expect(await answer).toEqual(expected);
  });

  it('hand out their results in batches and see what was written before', async () => {
    await col.insertOne({ _id: COUNT, n: 0, text: 'new' });
    const cursor = col.find({}, { batchSize: 1_000 }).sort({ text: -1, _id: 1 });
    const found = await cursor.toArray();
    expect(found).toHaveLength(COUNT + 1);
    expect(found.slice(0, 2).map((row) => row._id)).toEqual([0, COUNT - 1]);
    expect(found.at(-1)?._id).toBe(COUNT);
    await col.deleteOne({ _id: COUNT });
  });

  it('go on from batch to batch where matches are far apart', async () => {
    const cursor = col.find({ text: 'z' }, { batchSize: 1 });
    expect((await cursor.next())?._id).toBe(0);
    expect((await cursor.next())?._id).toBe(COUNT - 1);
    expect(await cursor.next()).toBeNull();
  });

  it('can be given up: the cursor is gone', async () => {
    const reply = await test.db.command({ find: 'rows', sort: { text: 1, n: 1 }, batchSize: 2 });
    const { id } = reply['cursor'] as { id: unknown };
    expect(await test.db.command({ killCursors: 'rows', cursors: [id] })).toMatchObject({ cursorsKilled: [id] });
    const error = await serverError(test.db.command({ getMore: id, collection: 'rows' }));
    expect(error.code).toBe(43);
  });

  it('are not asked for a cursor that is none', async () => {
    expect((await serverError(test.db.command({ killCursors: 'rows' }))).code).toBe(14);
    expect((await serverError(test.db.command({ getMore: 'x1', collection: 'rows' }))).code).toBe(14);
    expect(await test.db.command({ ping: 1 })).toMatchObject({ ok: 1 });
  });

  it('end with the collection', async () => {
    await test.db.collection<Row>('short').insertMany(await col.find().limit(20_000).toArray());
    const cursor = test.db.collection<Row>('short').find({}, { batchSize: 2 }).sort({ text: 1, n: 1 });
    await cursor.next();
    await test.db.dropCollection('short');
    expect((await serverError(cursor.toArray())).code).toBe(175);
  });

  it('keep to maxTimeMS', async () => {
    expect((await serverError(col.find({ text: /x$/ }).maxTimeMS(25).toArray())).code).toBe(50);
  });
});
