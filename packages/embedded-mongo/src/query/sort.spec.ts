import { Double, Int32 } from 'bson';
import { compileSort } from './sort';

type Doc = Record<string, unknown>;
const sorted = (spec: Doc, documents: Doc[]): unknown[] =>
  [...documents].sort(compileSort(spec)).map((doc) => doc['_id']);

describe('sort', () => {
  it('orders by several fields and directions', () => {
    const documents = [
      { _id: 1, a: 1, b: 1 },
      { _id: 2, a: 2, b: 1 },
      { _id: 3, a: 1, b: 2 },
    ];
    expect(sorted({ a: 1, b: -1 }, documents)).toEqual([3, 1, 2]);
    expect(sorted({ a: new Double(-1), b: new Int32(1) }, documents)).toEqual([2, 1, 3]);
  });

  it('sort key of arrays (min/max): smallest element ascending, largest descending', () => {
    const documents = [
      { _id: 'high', a: [5, 20] },
      { _id: 'low', a: [1, 30] },
      { _id: 'one', a: 10 },
    ];
    expect(sorted({ a: 1 }, documents)).toEqual(['low', 'high', 'one']);
    expect(sorted({ a: -1 }, documents)).toEqual(['low', 'high', 'one']);
  });

  it('empty array < null = missing < numbers', () => {
    const documents = [{ _id: 'number', a: 0 }, { _id: 'null', a: null }, { _id: 'empty', a: [] }, { _id: 'missing' }];
    expect(sorted({ a: 1 }, documents)).toEqual(['empty', 'null', 'missing', 'number']);
    expect(sorted({ a: -1 }, documents)).toEqual(['number', 'null', 'missing', 'empty']);
  });

  it('takes one element for all fields of a compound key', () => {
    const documents = [
      {
        _id: 1,
        a: [
          { b: 1, c: 9 },
          { b: 2, c: 0 },
        ],
      },
      { _id: 2, a: [{ b: 1, c: 5 }] },
    ];
    expect(sorted({ 'a.b': 1, 'a.c': 1 }, documents)).toEqual([2, 1]);
  });

  it('refuses parallel arrays (2) and directions it does not know', () => {
    const documents = [
      { a: [1], b: [2] },
      { a: 1, b: 2 },
    ];
    expect(() => sorted({ a: 1, b: 1 }, documents)).toThrow(expect.objectContaining({ code: 2 }) as Error);
    expect(() => compileSort({ a: 2 })).toThrow(expect.objectContaining({ code: 15975 }) as Error);
    expect(() => compileSort({ a: 'asc' })).toThrow(expect.objectContaining({ code: 15974 }) as Error);
  });
});
