import type { Document } from 'mongodb';
import { openStore, serverError, type TestStore } from './support';

describe('what is not supported', () => {
  let test: TestStore;
  beforeAll(async () => {
    test = await openStore();
    await test.db.collection('c').insertOne({ a: 1, text: 'x' });
  });
  afterAll(() => test.close());

  const command = (body: Document) => serverError(test.db.command(body));

  it.each<[string, Document, number]>([
    ['an unknown command', { frobnicate: 1 }, 59],
    ['mapReduce', { mapReduce: 'c' }, 59],
    ['an unknown field of a command', { find: 'c', filter: {}, frobnicate: 1 }, 40415],
    ['an unknown operator', { find: 'c', filter: { a: { $frob: 1 } } }, 2],
    ['an unknown top-level operator', { find: 'c', filter: { $frob: 1 } }, 2],
    ['an unknown operator without a collection', { find: 'none', filter: { a: { $frob: 1 } } }, 2],
    ['$where', { find: 'c', filter: { $where: 'true' } }, 2],
    ['an unknown update operator', { findAndModify: 'c', query: {}, update: { $frob: { a: 1 } } }, 9],
    ['an update by a stage that is not for updates', { findAndModify: 'c', query: {}, update: [{ $match: {} }] }, 72],
    ['an unknown stage', { aggregate: 'c', pipeline: [{ $frobnicate: {} }], cursor: {} }, 40324],
    ['a stage that is not supported', { aggregate: 'c', pipeline: [{ $out: 'd' }], cursor: {} }, 40324],
    ['an unknown expression', { aggregate: 'c', pipeline: [{ $set: { a: { $frob: 1 } } }], cursor: {} }, 168],
    ['$lookup with let', { aggregate: 'c', pipeline: [{ $lookup: { from: 'c', let: {}, as: 'd' } }], cursor: {} }, 115],
    ['a change stream', { aggregate: 'c', pipeline: [{ $changeStream: {} }], cursor: {} }, 40573],
    ['an aggregation of a database', { aggregate: 1, pipeline: [{ $documents: [] }], cursor: {} }, 115],
    ['a collection with a collation', { create: 'de', collation: { locale: 'de' } }, 115],
    ['a view', { create: 'view', viewOn: 'c' }, 115],
    ['collMod of a validator', { collMod: 'c', validator: {} }, 40415],
    ['collMod of a missing collection', { collMod: 'none', index: { name: 'a_1', expireAfterSeconds: 1 } }, 26],
    [
      'an unknown accumulator',
      { aggregate: 'c', pipeline: [{ $group: { _id: 1, a: { $frob: 1 } } }], cursor: {} },
      168,
    ],
    ['a collation', { find: 'c', filter: {}, collation: { locale: 'de' } }, 115],
    ['let', { find: 'c', filter: {}, let: { a: 1 } }, 115],
    ['a text index', { createIndexes: 'c', indexes: [{ key: { text: 'text' }, name: 't' }] }, 67],
    ['an unknown index option', { createIndexes: 'c', indexes: [{ key: { a: 1 }, name: 't', wild: 1 }] }, 67],
    ['a capped collection', { create: 'capped', capped: true, size: 100 }, 115],
    ['a transaction', { find: 'c', filter: {}, txnNumber: 1, startTransaction: true, autocommit: false }, 20],
    ['a hint that names no index', { find: 'c', filter: {}, hint: 'none' }, 2],
    ['an unknown cursor', { getMore: 12345n, collection: 'c' }, 43],
    ['a collection name with $', { insert: 'a$b', documents: [{ a: 1 }] }, 73],
    ['a negative skip', { find: 'c', filter: {}, skip: -1 }, 2],
  ])('answers %s with its code', async (_what, body, code) => {
    const error = await command(body);
    expect(error.code).toBe(code);
    expect(error.message).not.toBe('');
  });

  it('refuses to change _id and to write through a scalar', async () => {
    const col = test.db.collection('c');
    expect(await serverError(col.updateOne({ a: 1 }, { $set: { _id: 5 } }))).toMatchObject({ code: 66 });
    expect(await serverError(col.updateOne({ a: 1 }, { $set: { 'a.b': 5 } }))).toMatchObject({ code: 28 });
    expect(await serverError(col.updateOne({ a: 1 }, { $inc: { text: 1 } }))).toMatchObject({ code: 14 });
    expect(await serverError(col.updateOne({ a: 1 }, { $set: { b: 1 }, $inc: { b: 1 } }))).toMatchObject({ code: 40 });
    expect(await serverError(col.insertOne({ _id: [1] as never }))).toMatchObject({ code: 53 });
  });

  it('refuses transactions of the driver', async () => {
    const session = test.client.startSession();
    const work = session.withTransaction(() => test.db.collection('c').insertOne({ b: 1 }, { session }));
    await expect(work).rejects.toThrow(/Transaction numbers are only allowed|retryable writes/);
    await session.endSession();
    expect(await test.db.collection('c').countDocuments({ b: 1 })).toBe(0);
  });

  it('gives up at maxTimeMS', async () => {
    const col = test.db.collection('slow');
    await col.insertMany(Array.from({ length: 20_000 }, (_, i) => ({ i, text: 'y'.repeat(50) })));
    const query = col.find({ text: /z$/ }).maxTimeMS(1).toArray();
    expect(await serverError(query)).toMatchObject({ code: 50 });
  });

  it('refuses keys that are too long for an index', async () => {
    const col = test.db.collection('long');
    await col.createIndex({ a: 1 });
    expect(await serverError(col.insertOne({ a: 'x'.repeat(3_000) }))).toMatchObject({ code: 17280 });
    expect(await col.countDocuments()).toBe(0);
  });
});
