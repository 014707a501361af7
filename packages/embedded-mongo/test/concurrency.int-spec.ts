import { openStore, serverError, type TestStore } from './support';

interface Counter {
  _id: string;
  n: number;
}

describe('concurrent commands', () => {
  let test: TestStore;
  const turns: { commands: number; writes: number; commits: number }[] = [];
  beforeAll(async () => {
    test = await openStore({ onTurn: (turn) => turns.push(turn) });
  });
  afterAll(() => test.close());

  const times = <T>(n: number, run: (i: number) => Promise<T>): Promise<PromiseSettledResult<T>[]> =>
    Promise.allSettled(Array.from({ length: n }, (_, i) => run(i)));

  it('lets one of 50 inserts of the same unique key win', async () => {
    const col = test.db.collection<{ _id: number; key: string }>('race');
    await col.createIndex({ key: 1 }, { unique: true });
    const results = await times(50, (i) => col.insertOne({ _id: i, key: 'same' }));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    expect(await col.countDocuments()).toBe(1);
    expect(await col.countDocuments({ key: 'same' })).toBe(1);
  });

  it('makes one document of 50 racing upserts', async () => {
    const col = test.db.collection<{ _id: number; key: string; n: number }>('upserts');
    await col.createIndex({ key: 1 }, { unique: true });
    const results = await times(50, () =>
      col.findOneAndUpdate({ key: 'k' }, { $inc: { n: 1 } }, { upsert: true, returnDocument: 'after' }),
    );
    expect(results.every((result) => result.status === 'fulfilled')).toBe(true);
    expect(await col.find().toArray()).toMatchObject([{ key: 'k', n: 50 }]);
  });

  it('loses no increment and hands out each number once', async () => {
    const col = test.db.collection<Counter>('counter');
    await col.insertOne({ _id: 'seq', n: 0 });
    const results = await times(200, () =>
      col.findOneAndUpdate({ _id: 'seq' }, { $inc: { n: 1 } }, { returnDocument: 'after' }),
    );
    const numbers = results.map((result) => (result.status === 'fulfilled' ? result.value?.n : undefined));
    expect(new Set(numbers).size).toBe(200);
    expect(await col.findOne({ _id: 'seq' })).toEqual({ _id: 'seq', n: 200 });
  });

  it('commits every group with a write exactly once, before its replies leave', async () => {
    const col = test.db.collection<Counter>('groups');
    turns.length = 0;
    await times(300, (i) => col.insertOne({ _id: `g${i}`, n: i }));
    // The worker reports a turn between its commit and its replies, so all turns are in by the time of the replies.
    const writing = turns.filter((turn) => turn.writes > 0);
    expect(writing.every((turn) => turn.commits === 1)).toBe(true);
    expect(writing.reduce((sum, turn) => sum + turn.writes, 0)).toBe(300);
    expect(writing.length).toBeLessThan(300);
    turns.length = 0;
    await col.find().toArray();
    expect(turns.every((turn) => turn.commits === 0)).toBe(true);
  });

  it('keeps the other commands of a group when one of them fails', async () => {
    const col = test.db.collection<Counter>('mixed');
    await col.insertOne({ _id: 'dup', n: 0 });
    const results = await times(60, (i) => col.insertOne({ _id: i % 3 === 0 ? 'dup' : `ok${i}`, n: i }));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(40);
    expect(await col.countDocuments()).toBe(41);
  });

  it('rolls nothing back but the document at fault in an update of many', async () => {
    const col = test.db.collection<Counter>('many');
    await col.createIndex({ n: 1 }, { unique: true });
    await col.insertMany([
      { _id: 'a', n: 1 },
      { _id: 'b', n: 2 },
      { _id: 'c', n: 3 },
    ]);
    const error = await serverError(col.updateMany({}, { $set: { n: 7 } }));
    expect(error).toMatchObject({ code: 11000, keyValue: { n: 7 } });
    const found = await col.find().sort({ _id: 1 }).toArray();
    expect(found.map((doc) => doc.n)).toEqual([7, 2, 3]);
    for (const doc of found) expect(await col.find({ n: doc.n }).toArray()).toEqual([doc]);
  });
});
