import { BSON_UNDEFINED } from '../bson/values';
import { extractIndexKeys, indexKeysAt, someValueAt, splitPath, valuesAt } from './path';

describe('array traversal in dotted paths and numeric path parts', () => {
  it.each<[string, Record<string, unknown>, string, unknown[]]>([
    ['a plain field', { a: 1 }, 'a', [1]],
    ['a missing field', {}, 'a', [undefined]],
    ['a path through a scalar', { a: 1 }, 'a.b', [undefined]],
    ['an array: its elements, then itself', { a: [1, 2] }, 'a', [1, 2, [1, 2]]],
    ['an empty array: only itself', { a: [] }, 'a', [[]]],
    ['documents in an array, with and without the field', { a: [{ b: 1 }, {}, 3] }, 'a.b', [1, undefined]],
    ['no value at all inside an empty array', { a: [] }, 'a.b', []],
    ['no implicit entry into arrays in arrays', { a: [[{ b: 1 }]] }, 'a.b', []],
    ['an index', { a: [5, 6] }, 'a.1', [6]],
    ['an index whose element is an array: the array only', { a: [[1, 2]] }, 'a.0', [[1, 2]]],
    ['an index and a field', { a: [{ b: 1 }, { b: 2 }] }, 'a.1.b', [undefined, undefined, 2]],
    ['an index as a field name', { a: { 0: 'x' } }, 'a.0', ['x']],
    ['both meanings of a number', { a: [{ 0: 'x' }] }, 'a.0', ['x', { 0: 'x' }]],
    ['no index with leading zeros', { a: [1] }, 'a.00', []],
    ['an index into nested arrays', { a: [[5, 6]] }, 'a.0.1', [6]],
    ['names of Object.prototype as missing', {}, 'constructor.name', [undefined]],
  ])('shows %s', (_name, document, path, expected) => {
    expect(valuesAt(document, path)).toEqual(expected);
  });

  it('reports the index of the outermost array entered', () => {
    const indexes: unknown[] = [];
    someValueAt({ a: [{ b: [1, 2] }, { b: [3] }] }, splitPath('a.b'), 'elements', (value, index) => {
      indexes.push([value, index]);
      return false;
    });
    expect(indexes).toEqual([
      [1, 0],
      [2, 0],
      [[1, 2], 0],
      [3, 1],
      [[3], 1],
    ]);
  });
});

describe('index keys', () => {
  it('of a missing field are undefined, of null are null', () => {
    expect(indexKeysAt({}, 'a')).toEqual({ values: [undefined], multikey: false });
    expect(indexKeysAt({ a: null }, 'a')).toEqual({ values: [null], multikey: false });
  });

  it('of an array are its elements, nested arrays whole', () => {
    expect(indexKeysAt({ a: [1, [2, 3]] }, 'a')).toEqual({ values: [1, [2, 3]], multikey: true });
  });

  it('of an empty array: empty array < null', () => {
    expect(indexKeysAt({ a: [] }, 'a')).toEqual({ values: [BSON_UNDEFINED], multikey: true });
    expect(indexKeysAt({ a: [] }, 'a.b')).toEqual({ values: [undefined], multikey: true });
  });

  it('of documents in an array are their fields', () => {
    expect(indexKeysAt({ a: [{ b: 1 }, {}, 7] }, 'a.b')).toEqual({ values: [1, undefined, undefined], multikey: true });
    expect(indexKeysAt({ a: [{ b: [1, 2] }, { b: 3 }] }, 'a.b')).toEqual({ values: [1, 2, 3], multikey: true });
  });

  it('of a path with an index are that element alone', () => {
    expect(indexKeysAt({ a: [{ b: 1 }, { b: 2 }] }, 'a.1.b')).toEqual({ values: [2], multikey: false });
    expect(indexKeysAt({ a: [[1, 2]] }, 'a.0')).toEqual({ values: [[1, 2]], multikey: false });
    expect(indexKeysAt({ a: { 0: 'x' } }, 'a.0')).toEqual({ values: ['x'], multikey: false });
    expect(() => indexKeysAt({ a: [{ 0: 1 }] }, 'a.0')).toThrow(expect.objectContaining({ code: 16746 }) as Error);
  });

  it('of a compound index pair each element with the other fields', () => {
    expect(extractIndexKeys({ a: [1, 2], b: 'x' }, ['a', 'b', 'c'])).toEqual({
      keys: [
        [1, 'x', undefined],
        [2, 'x', undefined],
      ],
      multikey: true,
    });
    expect(extractIndexKeys({ a: [{ b: 1, c: 2 }, { b: 3 }] }, ['a.b', 'a.c']).keys).toEqual([
      [1, 2],
      [3, undefined],
    ]);
  });

  it('parallel arrays error (171)', () => {
    const parallel = expect.objectContaining({ code: 171, codeName: 'CannotIndexParallelArrays' }) as Error;
    expect(() => extractIndexKeys({ a: [1], b: [2] }, ['a', 'b'])).toThrow(parallel);
    expect(() => extractIndexKeys({ a: [{ b: [1], c: [2] }] }, ['a.b', 'a.c'])).toThrow(parallel);
    expect(() => extractIndexKeys({ a: [], b: [] }, ['a', 'b'])).toThrow(parallel);
  });
});
