import { seedFromFilter } from './seed';

type Doc = Record<string, unknown>;

describe('upsert seed from $eq/$and/$in[1]', () => {
  it.each<[Doc, Doc]>([
    [
      { a: 1, b: { c: 2 } },
      { a: 1, b: { c: 2 } },
    ],
    [{ 'a.b': 1, 'a.c': 2 }, { a: { b: 1, c: 2 } }],
    [{ a: { $eq: 1 } }, { a: 1 }],
    [{ $and: [{ a: 1 }, { b: { $eq: 2 } }] }, { a: 1, b: 2 }],
    [{ $or: [{ a: 1 }] }, { a: 1 }],
    [{ $or: [{ a: 1 }, { b: 1 }] }, {}],
    [{ a: { $in: [1] }, b: { $in: [1, 2] } }, { a: 1 }],
    [{ a: { $all: [1] }, b: { $all: [1, 2] } }, { a: 1 }],
    [{ a: { $gt: 1 }, b: /x/, c: { $ne: 1 }, d: { $exists: true } }, {}],
    [{ a: { $in: [/x/] } }, {}],
    [{ a: null }, { a: null }],
    [{ a: [1, 2] }, { a: [1, 2] }],
    [{ a: { $eq: 1, $gt: 0 } }, { a: 1 }],
    [{ 'a.0': 1 }, { a: { 0: 1 } }],
    [{ $comment: 'x', $expr: { $eq: ['$a', 1] } }, {}],
  ])('%j gives %j', (filter, seed) => {
    expect(seedFromFilter(filter)).toEqual(seed);
  });

  it.each<[Doc]>([[{ a: 1, $and: [{ a: 1 }] }], [{ a: { b: 1 }, 'a.b': 1 }], [{ 'a.b': 1, a: { b: 1 } }]])(
    '%j answers NotSingleValueField (54)',
    (filter) => {
      expect(() => seedFromFilter(filter)).toThrow(
        expect.objectContaining({ code: 54, codeName: 'NotSingleValueField' }) as Error,
      );
    },
  );
});
