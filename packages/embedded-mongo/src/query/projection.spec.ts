import { Double, Int32 } from 'bson';
import { compileProjection } from './projection';

type Doc = Record<string, unknown>;
const document = (): Doc => ({
  _id: 7,
  a: 1,
  b: { c: 2, d: 3 },
  list: [{ x: 1, y: 2 }, { x: 3 }, 5, [{ x: 6, y: 7 }]],
  numbers: [1, 2, 3, 4],
});
const project = (spec: Doc, filter?: Doc): Doc => compileProjection(spec, filter)(document());

describe('projection', () => {
  it.each<[string, Doc, Doc]>([
    ['includes fields and _id', { a: 1 }, { _id: 7, a: 1 }],
    ['takes any number or true for inclusion', { a: new Double(0.5), b: true }, { _id: 7, a: 1, b: { c: 2, d: 3 } }],
    ['leaves _id out when told', { a: 1, _id: new Int32(0) }, { a: 1 }],
    ['only _id', { _id: 1 }, { _id: 7 }],
    ['includes nested fields by path', { 'b.c': 1 }, { _id: 7, b: { c: 2 } }],
    ['includes nested fields by sub-document', { b: { c: 1 } }, { _id: 7, b: { c: 2 } }],
    ['omits a path through a scalar', { 'a.x': 1 }, { _id: 7 }],
    ['goes through arrays, dropping scalars', { 'list.x': 1 }, { _id: 7, list: [{ x: 1 }, { x: 3 }, [{ x: 6 }]] }],
    ['slices from the start', { numbers: { $slice: 2 }, a: 1 }, { _id: 7, a: 1, numbers: [1, 2] }],
    ['slices from the end', { numbers: { $slice: -1 }, a: 1 }, { _id: 7, a: 1, numbers: [4] }],
    ['slices with skip and limit', { numbers: { $slice: [1, 2] }, a: 1 }, { _id: 7, a: 1, numbers: [2, 3] }],
    ['picks the first matching element', { numbers: { $elemMatch: { $gt: 2 } } }, { _id: 7, numbers: [3] }],
    ['omits an array without a match', { list: { $elemMatch: { x: 99 } } }, { _id: 7 }],
    ['computes fields', { sum: '$b.c', _id: 0 }, { sum: 2 }],
  ])('%s', (_name, spec, expected) => {
    expect(project(spec)).toEqual(expected);
  });

  it('excludes fields, also in arrays and without _id', () => {
    expect(project({ a: 0, b: 0, numbers: 0, 'list.x': 0 })).toEqual({ _id: 7, list: [{ y: 2 }, {}, 5, [{ y: 7 }]] });
    expect(Object.keys(project({ _id: 0 }))).toEqual(['a', 'b', 'list', 'numbers']);
    expect(project({ 'b.c': false, list: 0 })).toEqual({ _id: 7, a: 1, b: { d: 3 }, numbers: [1, 2, 3, 4] });
  });

  it('shows all other fields when only $slice is given', () => {
    expect(project({ numbers: { $slice: 1 } })).toEqual({ ...document(), numbers: [1] });
  });

  it('shows the element by which the filter matched (path.$)', () => {
    expect(project({ 'numbers.$': 1 }, { numbers: { $gte: 3 } })).toEqual({ _id: 7, numbers: [3] });
  });

  it('keeps the order of the document', () => {
    expect(Object.keys(project({ b: 1, a: 1 }))).toEqual(['_id', 'a', 'b']);
  });

  it('does not change the document it is given', () => {
    const source = document();
    compileProjection({ 'b.c': 0, numbers: { $slice: 1 } })(source);
    expect(source).toEqual(document());
  });

  it.each<[Doc, number]>([
    [{ a: 1, b: 0 }, 31254],
    [{ a: 0, b: 1 }, 31253],
    [{ a: 1, 'a.b': 1 }, 31249],
    [{ 'a.b': 1, a: 1 }, 31250],
    [{ a: {} }, 51270],
    [{ 'b.c': { $elemMatch: { x: 1 } } }, 31275],
    [{ 'a.$': 1, 'b.$': 1 }, 31276],
    [{ a: { $foo: 1 } }, 168],
  ])('%j answers %d', (spec, code) => {
    expect(() => compileProjection(spec)).toThrow(expect.objectContaining({ code }) as Error);
  });
});
