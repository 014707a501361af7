import { Double, Int32, Long, type Document } from 'mongodb';
import { openStore, serverError, type TestStore } from './support';

interface Row extends Document {
  _id: number | string;
}

describe('aggregation', () => {
  let test: TestStore;
  beforeAll(async () => {
    test = await openStore();
    await test.db.collection<Row>('people').insertMany([
      { _id: 1, name: 'Ada', school: 'a', marks: [3, 5], address: { city: 'Lyon' } },
      { _id: 2, name: 'Bea', school: 'a', marks: [], address: { city: 'Paris' } },
      { _id: 3, name: 'Cem', school: 'b', marks: null },
      { _id: 4, name: 'Dia', school: 'c', marks: 7, address: [{ city: 'Nice' }, 5] },
    ]);
    await test.db.collection<Row>('schools').insertMany([
      { _id: 'a', title: 'Alpha' },
      { _id: 'b', title: 'Beta' },
      { _id: 'n', title: 'None', key: null },
    ]);
  });
  afterAll(() => test.close());

  const run = (...pipeline: Document[]) => test.db.collection('people').aggregate(pipeline).toArray();
  const sorted = { $sort: { _id: 1 } };

  it.each<[string, Document[], unknown[]]>([
    [
      '$addFields sets plain and nested fields, in every element of an array',
      [
        { $match: { _id: 4 } },
        { $addFields: { 'address.land': 'FR', old: true } },
        { $project: { address: 1, old: 1 } },
      ],
      [{ _id: 4, address: [{ city: 'Nice', land: 'FR' }, { land: 'FR' }], old: true }],
    ],
    [
      '$addFields removes a field whose value is missing',
      [{ $match: { _id: 3 } }, { $set: { school: '$nothing', name: '$$REMOVE' } }],
      [{ _id: 3, marks: null }],
    ],
    [
      '$project computes nested fields',
      [{ $match: { _id: 1 } }, { $project: { _id: 0, 'address.copy': '$address.city', address: { city: 1 } } }],
      [{ address: { city: 'Lyon', copy: 'Lyon' } }],
    ],
    [
      '$unset takes a name or several',
      [{ $match: { _id: 3 } }, { $unset: ['marks', 'name'] }, { $unset: 'school' }],
      [{ _id: 3 }],
    ],
    [
      '$replaceRoot makes a sub-document the document',
      [{ $match: { _id: 1 } }, { $replaceRoot: { newRoot: '$address' } }],
      [{ city: 'Lyon' }],
    ],
    [
      '$replaceWith takes any expression',
      [{ $match: { _id: 1 } }, { $replaceWith: { n: { $size: '$marks' } } }],
      [{ n: 2 }],
    ],
    ['$count counts', [{ $match: { school: 'a' } }, { $count: 'n' }], [{ n: 2 }]],
    ['$count of nothing is no document', [{ $match: { school: 'x' } }, { $count: 'n' }], []],
    [
      '$skip and $limit after a change',
      [sorted, { $project: { _id: 1 } }, { $skip: 1 }, { $limit: 2 }],
      [{ _id: 2 }, { _id: 3 }],
    ],
    [
      '$unwind makes a document per element and drops null, missing and empty ones',
      [sorted, { $unwind: '$marks' }, { $project: { marks: 1 } }],
      [
        { _id: 1, marks: 3 },
        { _id: 1, marks: 5 },
        { _id: 4, marks: 7 },
      ],
    ],
    [
      '$unwind preserves them when told, and numbers the elements',
      [
        sorted,
        { $unwind: { path: '$marks', preserveNullAndEmptyArrays: true, includeArrayIndex: 'i' } },
        { $project: { marks: 1, i: 1 } },
      ],
      [
        { _id: 1, marks: 3, i: 0 },
        { _id: 1, marks: 5, i: 1 },
        { _id: 2, i: null },
        { _id: 3, marks: null, i: null },
        { _id: 4, marks: 7, i: null },
      ],
    ],
    [
      '$lookup joins by equality',
      [
        sorted,
        { $lookup: { from: 'schools', localField: 'school', foreignField: '_id', as: 's' } },
        { $project: { s: '$s.title' } },
      ],
      [
        { _id: 1, s: ['Alpha'] },
        { _id: 2, s: ['Alpha'] },
        { _id: 3, s: ['Beta'] },
        { _id: 4, s: [] },
      ],
    ],
    [
      '$lookup of a missing field joins null and missing ones',
      [
        { $match: { _id: 1 } },
        { $lookup: { from: 'schools', localField: 'none', foreignField: 'key', as: 's' } },
        { $project: { n: { $size: '$s' } } },
      ],
      [{ _id: 1, n: 3 }],
    ],
    [
      '$lookup runs a pipeline over what it found',
      [
        { $match: { _id: 1 } },
        {
          $lookup: {
            from: 'schools',
            localField: 'school',
            foreignField: '_id',
            as: 'a.b',
            pipeline: [{ $project: { _id: 0 } }],
          },
        },
        { $project: { a: 1 } },
      ],
      [{ _id: 1, a: { b: [{ title: 'Alpha' }] } }],
    ],
    [
      '$facet runs several pipelines over the same documents',
      [{ $facet: { n: [{ $count: 'n' }], top: [{ $sort: { _id: -1 } }, { $limit: 1 }, { $project: { name: 1 } }] } }],
      [{ n: [{ n: 4 }], top: [{ _id: 4, name: 'Dia' }] }],
    ],
    ['$sortByCount counts and sorts', [{ $sortByCount: '$school' }, { $limit: 1 }], [{ _id: 'a', count: 2 }]],
    [
      '$group by a document, with $avg, $push, $addToSet and $count',
      [
        sorted,
        {
          $group: {
            _id: { s: '$school' },
            mean: { $avg: '$_id' },
            names: { $push: '$name' },
            kinds: { $addToSet: '$school' },
            n: { $count: {} },
          },
        },
        { $sort: { '_id.s': 1 } },
        { $limit: 1 },
      ],
      [{ _id: { s: 'a' }, mean: 1.5, names: ['Ada', 'Bea'], kinds: ['a'], n: 2 }],
    ],
  ])('%s', async (_name, pipeline, expected) => {
    expect(await run(...pipeline)).toEqual(expected);
  });

  it.each<[string, unknown, unknown]>([
    ['int + int', { $add: [1, 2] }, new Int32(3)],
    ['int + int that overflows', { $add: [2147483647, 1] }, Long.fromString('2147483648')],
    ['long + int that overflows', { $add: [Long.MAX_VALUE, 1] }, new Double(2 ** 63)],
    ['int + double', { $add: [1, new Double(2)] }, new Double(3)],
    ['a date and milliseconds', { $add: [new Date(5), 10] }, new Date(15)],
    ['a difference of dates', { $subtract: [new Date(15), new Date(5)] }, Long.fromNumber(10)],
    ['a product', { $multiply: [3, 4] }, new Int32(12)],
    ['a quotient is a double', { $divide: [6, 3] }, new Double(2)],
    ['null makes a sum null', { $add: [1, null] }, null],
    ['text', { $concat: ['a', '$name'] }, 'aAda'],
    ['the last element', { $arrayElemAt: ['$marks', -1] }, new Int32(5)],
    ['merged objects', { $mergeObjects: [{ a: 1 }, '$address', null] }, { a: new Int32(1), city: 'Lyon' }],
    ['a field with a dollar', { $setField: { field: { $literal: '$x' }, input: {}, value: 1 } }, { $x: new Int32(1) }],
    ['a field by name', { $getField: 'name' }, 'Ada'],
    ['a condition', { $cond: [{ $gt: ['$_id', 0] }, 'yes', 'no'] }, 'yes'],
    ['a default', { $ifNull: ['$none', 'x'] }, 'x'],
  ])('computes %s', async (_name, expression, expected) => {
    const pipeline = [{ $match: { _id: 1 } }, { $project: { _id: 0, v: expression } }];
    const options = { promoteValues: false, promoteLongs: false };
    expect(await test.db.collection('people').aggregate(pipeline, options).toArray()).toEqual([{ v: expected }]);
  });

  it('sums in the widest type and as a double past 64 bits', async () => {
    const col = test.db.collection('sums');
    await col.insertMany([{ n: Long.MAX_VALUE }, { n: 1 }]);
    const group = { $group: { _id: null, n: { $sum: '$n' } } };
    expect(await col.aggregate([group], { promoteValues: false }).toArray()).toEqual([
      { _id: null, n: new Double(2 ** 63) },
    ]);
  });

  it.each<[string, Document, number]>([
    ['division by zero', { $project: { a: { $divide: [1, 0] } } }, 2],
    ['a sum of texts', { $project: { a: { $add: ['$name', 1] } } }, 14],
    ['$unwind of what is no path', { $unwind: 'marks' }, 28818],
    ['$unwind without a path', { $unwind: {} }, 28812],
    ['$replaceRoot by a text', { $replaceRoot: { newRoot: '$name' } }, 40228],
    ['an empty $facet', { $facet: {} }, 40169],
    ['$facet inside $facet', { $facet: { a: [{ $facet: { b: [] } }] } }, 40600],
    ['$lookup without as', { $lookup: { from: 'schools', localField: 'a', foreignField: 'b' } }, 9],
    ['an empty $addFields', { $addFields: {} }, 40177],
    ['two fields in conflict', { $addFields: { a: 1, 'a.b': 1 } }, 40176],
    ['a negative $limit', { $limit: -1 }, 9],
  ])('refuses %s', async (_name, stage, code) => {
    expect(await serverError(run({ $match: { _id: 1 } }, stage))).toMatchObject({ code });
  });

  it('updates by a pipeline, also when it inserts', async () => {
    const col = test.db.collection<Row>('piped');
    await col.updateOne({ _id: 1 }, [{ $set: { a: 1, b: '$_id' } }], { upsert: true });
    expect(await col.findOneAndUpdate({}, [{ $set: { a: { $add: ['$a', 1] } } }], { returnDocument: 'after' })).toEqual(
      { _id: 1, a: 2, b: 1 },
    );
  });

  it('looks up by an index', async () => {
    const before = await scans();
    await run({ $lookup: { from: 'schools', localField: 'school', foreignField: '_id', as: 's' } });
    expect(await scans()).toBe(before + 1);
  });

  const scans = async (): Promise<number> =>
    ((await test.db.admin().serverStatus())['embedded'] as { collectionScans: number }).collectionScans;

  it('changes how long a TTL index keeps documents', async () => {
    const col = test.db.collection('ttl');
    await col.createIndex({ at: 1 }, { expireAfterSeconds: 60 });
    const reply = await test.db.command({ collMod: 'ttl', index: { keyPattern: { at: 1 }, expireAfterSeconds: 5 } });
    expect(reply).toMatchObject({ expireAfterSeconds_old: 60, expireAfterSeconds_new: 5 });
    expect(await col.indexes()).toContainEqual(expect.objectContaining({ name: 'at_1', expireAfterSeconds: 5 }));
  });

  it('lists collections by any filter', async () => {
    const names = async (filter: Document) => (await test.db.listCollections(filter).toArray()).map(({ name }) => name);
    expect(await names({ name: /^peo/ })).toEqual(['people']);
    expect(await names({ type: 'view' })).toEqual([]);
  });
});
