import { indexOf, openStore, serverError, stagesOf, type TestStore } from './support';

interface Message {
  _id: string;
  conversation_id: string;
  seq: number;
  sender_id?: string;
  client_message_id?: string;
  created_at?: Date;
}

interface Room {
  _id: number;
  members: { user: string; role: string }[];
  tags: string[];
  at: number;
}

describe('indexes', () => {
  let test: TestStore;
  beforeAll(async () => {
    test = await openStore();
  });
  afterAll(() => test.close());

  async function messages(name: string) {
    const col = test.db.collection<Message>(name);
    await col.createIndexes([
      { key: { conversation_id: 1, seq: 1 }, unique: true, name: 'conversation_seq' },
      {
        key: { conversation_id: 1, sender_id: 1, client_message_id: 1 },
        unique: true,
        name: 'idempotency',
        partialFilterExpression: { client_message_id: { $exists: true } },
      },
      { key: { created_at: 1 }, name: 'created' },
    ]);
    return col;
  }

  async function filled(name: string) {
    const col = await messages(name);
    const docs = Array.from({ length: 1000 }, (_, i): Message => {
      const base = { _id: `m${i}`, conversation_id: `c${i % 10}`, seq: Math.floor(i / 10), created_at: new Date(i) };
      return i % 2 ? { ...base, sender_id: 's', client_message_id: `k${i}` } : { ...base, sender_id: 's' };
    });
    await col.insertMany(docs);
    return col;
  }

  it('enforces unique and partial unique keys', async () => {
    const col = await messages('unique');
    await col.insertOne({ _id: 'a', conversation_id: 'c', seq: 1, sender_id: 's' });
    await col.insertOne({ _id: 'b', conversation_id: 'c', seq: 2, sender_id: 's' });
    await col.insertOne({ _id: 'd', conversation_id: 'c', seq: 3, sender_id: 's', client_message_id: 'k' });
    const seq = await serverError(col.insertOne({ _id: 'e', conversation_id: 'c', seq: 2 }));
    expect(seq).toMatchObject({ code: 11000, keyPattern: { conversation_id: 1, seq: 1 } });
    expect(seq).toMatchObject({ keyValue: { conversation_id: 'c', seq: 2 } });
    expect(seq.message).toContain('index: conversation_seq dup key: { conversation_id: "c", seq: 2 }');
    const key = { conversation_id: 'c', sender_id: 's', client_message_id: 'k' };
    const partial = await serverError(col.insertOne({ _id: 'f', seq: 9, ...key }));
    expect(partial).toMatchObject({ code: 11000, keyValue: key });
    // A refused document leaves nothing behind, in no index.
    expect(await col.find({ conversation_id: 'c' }).sort({ seq: 1 }).toArray()).toHaveLength(3);
  });

  it('follows an update into and out of a partial index', async () => {
    const col = await messages('partial');
    await col.insertOne({ _id: 'a', conversation_id: 'c', seq: 1, sender_id: 's', client_message_id: 'k' });
    await col.updateOne({ _id: 'a' }, { $unset: { client_message_id: 1 } });
    await col.insertOne({ _id: 'b', conversation_id: 'c', seq: 2, sender_id: 's', client_message_id: 'k' });
    const error = await serverError(col.updateOne({ _id: 'a' }, { $set: { client_message_id: 'k' } }));
    expect(error.code).toBe(11000);
    expect(await col.findOne({ _id: 'a' })).not.toHaveProperty('client_message_id');
    const modify = col.findOneAndUpdate({ _id: 'a' }, { $set: { client_message_id: 'k' } });
    expect(await serverError(modify)).toMatchObject({ code: 11000 });
  });

  it('reads a page from the index alone: bounds, order and limit', async () => {
    const col = await filled('page');
    const query = col
      .find({ conversation_id: 'c3', seq: { $lt: 60 } })
      .sort({ seq: -1 })
      .limit(20);
    const explained = await query.explain();
    expect(stagesOf(explained)).toEqual(['LIMIT', 'FETCH', 'IXSCAN']);
    expect(indexOf(explained)).toBe('conversation_seq');
    expect(explained['executionStats']).toMatchObject({ nReturned: 20, totalKeysExamined: 20, totalDocsExamined: 20 });
    const seqs = (await query.toArray()).map((doc) => doc.seq);
    expect(seqs).toEqual(Array.from({ length: 20 }, (_, i) => 59 - i));
  });

  it('chooses plans by equality, range, $in, _id and order', async () => {
    const col = await filled('plans');
    const plan = (filter: object, sort: Record<string, 1 | -1> = {}) => col.find(filter).sort(sort).explain();
    expect(stagesOf(await plan({ _id: 'm5' }))).toEqual(['IDHACK']);
    expect(stagesOf(await plan({ seq: 5 }))).toEqual(['COLLSCAN']);
    const inPlan = await plan({ conversation_id: { $in: ['c1', 'c2'] }, seq: 7 });
    expect(inPlan['executionStats']).toMatchObject({ nReturned: 2, totalKeysExamined: 2 });
    const range = await plan({ created_at: { $gte: new Date(10), $lt: new Date(20) } });
    expect(range['executionStats']).toMatchObject({ nReturned: 10, totalKeysExamined: 10 });
    expect(stagesOf(await plan({}, { created_at: -1 }))).toEqual(['FETCH', 'IXSCAN']);
    expect(stagesOf(await plan({ conversation_id: 'c1' }, { created_at: 1 }))).toContain('SORT');
    const or = await plan({ $or: [{ _id: 'm1' }, { conversation_id: 'c1', seq: { $lt: 3 } }] });
    expect(stagesOf(or)).toEqual(['OR', 'IDHACK', 'FETCH', 'IXSCAN']);
    expect(or['executionStats']).toMatchObject({ nReturned: 3 });
  });

  it('prefers what yields one document a point, then what holds fewer documents', async () => {
    const col = test.db.collection<{ _id: number; owner: string; open?: boolean }>('preferred');
    await col.createIndexes([
      { key: { owner: 1 }, name: 'owner' },
      { key: { owner: 1 }, name: 'owner_open', partialFilterExpression: { open: { $exists: true } } },
    ]);
    await col.insertMany(Array.from({ length: 50 }, (_, i) => ({ _id: i, owner: 'a', ...(i < 2 && { open: true }) })));
    const costOf = async (filter: object) => (await col.find(filter).explain())['executionStats'] as object;
    expect(await costOf({ _id: { $in: [1, 2, 3] }, owner: 'a' })).toMatchObject({ totalKeysExamined: 3 });
    expect(await costOf({ owner: 'a', open: { $exists: true } })).toMatchObject({ totalKeysExamined: 2 });
    expect(await costOf({ owner: 'a' })).toMatchObject({ totalKeysExamined: 50 });
  });

  it('uses a partial index only where the filter implies it', async () => {
    const col = await filled('implied');
    const key = { conversation_id: 'c1', sender_id: 's' };
    const all = await col.find(key).explain();
    expect(indexOf(all)).toBe('conversation_seq');
    expect(all['executionStats']).toMatchObject({ nReturned: 100 });
    const one = await col.find({ ...key, client_message_id: 'k1' }).explain();
    expect(indexOf(one)).toBe('idempotency');
    expect(one['executionStats']).toMatchObject({ nReturned: 1, totalKeysExamined: 1 });
    expect(await col.countDocuments({ ...key, client_message_id: null as unknown as string })).toBe(0);
  });

  describe('on arrays', () => {
    async function rooms(name: string) {
      const col = test.db.collection<Room>(name);
      await col.createIndex({ 'members.user': 1, at: -1 }, { name: 'inbox' });
      await col.createIndex({ 'members.user': 1, 'members.role': 1 }, { name: 'roles' });
      await col.createIndex({ tags: 1 }, { name: 'tags' });
      await col.insertMany([
        { _id: 1, members: [m('ann', 'parent'), m('bob', 'teacher')], tags: ['x', 'y', 'x'], at: 3 },
        { _id: 2, members: [m('ann', 'teacher'), m('cid', 'parent')], tags: [], at: 1 },
        { _id: 3, members: [m('bob', 'parent')], tags: ['y'], at: 2 },
      ]);
      return col;
    }
    const m = (user: string, role: string) => ({ user, role });

    it('finds each document once and sorts by the index behind one element', async () => {
      const col = await rooms('rooms');
      const inbox = col.find({ 'members.user': 'ann' }).sort({ at: -1 });
      const explained = await inbox.explain();
      expect(stagesOf(explained)).toEqual(['FETCH', 'IXSCAN']);
      expect(indexOf(explained)).toBe('inbox');
      expect((await inbox.toArray()).map((doc) => doc._id)).toEqual([1, 2]);
      const tagged = await col.find({ tags: { $in: ['x', 'y'] } }).toArray();
      expect(tagged.map((doc) => doc._id).sort()).toEqual([1, 3]);
      expect(await col.countDocuments({ tags: [] as unknown as string })).toBe(1);
    });

    it('does not combine conditions that two elements may meet', async () => {
      const col = await rooms('rooms2');
      const both = { 'members.user': 'ann', 'members.role': 'parent' };
      expect((await col.find(both).sort({ _id: 1 }).toArray()).map((doc) => doc._id)).toEqual([1, 2]);
      const same = { members: { $elemMatch: { user: 'ann', role: 'parent' } } };
      const explained = await col.find(same).explain();
      expect(indexOf(explained)).toBe('roles');
      expect(explained['executionStats']).toMatchObject({ nReturned: 1, totalKeysExamined: 1 });
    });

    it('moves its entries with an update', async () => {
      const col = await rooms('rooms3');
      await col.updateOne({ _id: 1 }, { $pull: { members: { user: 'ann' } }, $addToSet: { tags: 'z' } });
      expect((await col.find({ 'members.user': 'ann' }).toArray()).map((doc) => doc._id)).toEqual([2]);
      expect((await col.find({ tags: 'z' }).toArray()).map((doc) => doc._id)).toEqual([1]);
      const parallel = col.createIndex({ tags: 1, 'members.user': 1 });
      expect(await serverError(parallel)).toMatchObject({ code: 171 });
    });
  });

  it('builds an index over existing documents, or nothing when they conflict', async () => {
    const col = test.db.collection<{ _id: number; a: number }>('build');
    await col.insertMany(Array.from({ length: 50 }, (_, i) => ({ _id: i, a: i % 25 })));
    expect(await serverError(col.createIndex({ a: 1 }, { unique: true }))).toMatchObject({ code: 11000 });
    expect((await col.indexes()).map((index) => index.name)).toEqual(['_id_']);
    await col.createIndex({ a: -1 });
    expect((await col.find({ a: 7 }).explain())['executionStats']).toMatchObject({
      totalKeysExamined: 2,
      nReturned: 2,
    });
    await col.dropIndex('a_-1');
    expect(stagesOf(await col.find({ a: 7 }).explain())).toEqual(['COLLSCAN']);
  });

  it('accepts the same index again and refuses a conflicting one', async () => {
    const col = test.db.collection('conflicts');
    await col.createIndex({ a: 1 }, { expireAfterSeconds: 60 });
    await col.createIndex({ a: 1 }, { expireAfterSeconds: 60 });
    expect(await serverError(col.createIndex({ a: 1 }, { name: 'other', expireAfterSeconds: 60 }))).toMatchObject({
      code: 85,
    });
    expect(await serverError(col.createIndex({ a: 1 }, { unique: true }))).toMatchObject({ code: 86 });
    expect(await serverError(col.createIndex({ b: 1 }, { name: 'a_1' }))).toMatchObject({ code: 86 });
    expect(await col.indexes()).toMatchObject([{ name: '_id_' }, { name: 'a_1', expireAfterSeconds: 60 }]);
  });

  it('counts null and missing alike in a unique index, and not at all in a sparse one', async () => {
    const col = test.db.collection<{ _id: number; a?: number | null }>('sparse');
    await col.createIndex({ a: 1 }, { unique: true });
    await col.insertOne({ _id: 1 });
    expect(await serverError(col.insertOne({ _id: 2, a: null }))).toMatchObject({ code: 11000 });
    await col.dropIndexes();
    await col.createIndex({ a: 1 }, { unique: true, sparse: true });
    await col.insertMany([{ _id: 3 }, { _id: 4 }, { _id: 5, a: 5 }]);
    expect(await col.countDocuments({ a: null })).toBe(3);
    expect(await serverError(col.insertOne({ _id: 6, a: 5 }))).toMatchObject({ code: 11000 });
  });
});
