import { DBRef, Decimal128, Double, Int32, Long, ObjectId, Timestamp } from 'bson';
import { typeName } from '../bson/values';
import { compileUpdate, UpdateOptions } from './update';

type Doc = Record<string, unknown>;
const now = new Date('2026-11-20T10:00:00Z');

function run(doc: Doc, update: Doc, options: UpdateOptions = {}): { doc: Doc; modified: boolean } {
  return compileUpdate(update, options).apply(doc, { isInsert: false, now });
}
const updated = (doc: Doc, update: Doc, options: UpdateOptions = {}): Doc => run(doc, update, options).doc;
const failure = (code: number, codeName?: string): Error =>
  expect.objectContaining(codeName === undefined ? { code } : { code, codeName }) as Error;

describe('$set and $unset', () => {
  it.each<[string, Doc, Doc, Doc]>([
    ['a field', { a: 1 }, { $set: { a: 2 } }, { a: 2 }],
    ['a new nested field', {}, { $set: { 'a.b.c': 1 } }, { a: { b: { c: 1 } } }],
    ['an array element', { a: [1, 2] }, { $set: { 'a.1': 9 } }, { a: [1, 9] }],
    ['a place behind the end of an array', { a: [1] }, { $set: { 'a.3': 9 } }, { a: [1, null, null, 9] }],
    ['a field of an element', { a: [{ b: 1 }] }, { $set: { 'a.0.b': 2 } }, { a: [{ b: 2 }] }],
    ['a number as field name', {}, { $set: { 'a.0': 1 } }, { a: { 0: 1 } }],
    ['unsets a field', { a: 1, b: 2 }, { $unset: { a: '' } }, { b: 2 }],
    ['unsets an array element to null', { a: [1, 2] }, { $unset: { 'a.0': 1 } }, { a: [null, 2] }],
    ['unsets nothing through a scalar', { a: 1 }, { $unset: { 'a.b': 1 } }, { a: 1 }],
    [
      'inside a DBRef',
      { a: new DBRef('x', new ObjectId('000000000000000000000001')) },
      { $set: { 'a.$ref': 'y' } },
      {
        a: { $ref: 'y', $id: new ObjectId('000000000000000000000001') },
      },
    ],
  ])('%s', (_name, doc, update, expected) => {
    expect(updated(doc, update)).toEqual(expected);
  });

  it('adds new fields in the order of their names, numbers as numbers', () => {
    expect(Object.keys(updated({ z: 1 }, { $set: { c: 1, a: 1 }, $inc: { b: 1 } }))).toEqual(['z', 'a', 'b', 'c']);
    expect(updated({ a: [] }, { $set: { 'a.10': 1, 'a.2': 1 } })['a']).toHaveLength(11);
  });

  it('leaves the document it is given alone', () => {
    const doc = { a: { b: [1] } };
    const { doc: result } = run(doc, { $push: { 'a.b': 2 } });
    expect([doc, result]).toEqual([{ a: { b: [1] } }, { a: { b: [1, 2] } }]);
  });

  it('writes __proto__ as a plain field', () => {
    const result = updated({}, { $set: JSON.parse('{"__proto__.admin": true}') as Doc });
    expect(Object.hasOwn(result, '__proto__')).toBe(true);
    expect((result as { admin?: unknown }).admin).toBeUndefined();
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });
});

describe('PathNotViable (28)', () => {
  it.each<[Doc, Doc]>([
    [{ a: 1 }, { $set: { 'a.b': 1 } }],
    [{ a: null }, { $set: { 'a.b': 1 } }],
    [{ a: [1] }, { $set: { 'a.b': 1 } }],
    [{ a: { b: 'x' } }, { $inc: { 'a.b.c': 1 } }],
    [{ a: 1 }, { $push: { 'a.b': 1 } }],
    [{ a: 1 }, { $pull: { 'a.b': 1 } }],
    [{ a: 1 }, { $pop: { 'a.b': 1 } }],
    [{ a: 1, c: 2 }, { $rename: { c: 'a.b' } }],
  ])('%j with %j', (doc, update) => {
    expect(() => run(doc, update)).toThrow(failure(28, 'PathNotViable'));
  });

  it('does not show the value that is in the way', () => {
    expect(() => run({ a: 'dear diary' }, { $set: { 'a.b': 1 } })).toThrow(
      "Cannot create field 'b' in element {a: <string>}",
    );
  });
});

describe('type-preserving $inc with overflow, $mul, $min, $max, $bit, $currentDate', () => {
  it.each<[Doc, Doc, string]>([
    [{ a: new Int32(1) }, { $inc: { a: new Int32(2) } }, 'int 3'],
    [{ a: new Int32(2147483647) }, { $inc: { a: new Int32(1) } }, 'long 2147483648'],
    [{ a: Long.fromString('9007199254740993') }, { $inc: { a: new Int32(1) } }, 'long 9007199254740994'],
    [{ a: new Double(5) }, { $inc: { a: new Int32(1) } }, 'double 6'],
    [{}, { $inc: { a: Long.fromNumber(1) } }, 'long 1'],
    [{ a: new Int32(2) }, { $mul: { a: new Double(1.5) } }, 'double 3'],
    [{}, { $mul: { a: Long.fromNumber(7) } }, 'long 0'],
    [{ a: new Int32(5) }, { $min: { a: new Double(4) } }, 'double 4'],
    [{ a: new Int32(5) }, { $min: { a: new Double(5) } }, 'int 5'],
    [{ a: new Int32(5) }, { $max: { a: 'x' } }, 'string x'],
    [{}, { $max: { a: new Int32(1) } }, 'int 1'],
    [{ a: new Int32(13) }, { $bit: { a: { and: new Int32(10) } } }, 'int 8'],
    [{}, { $bit: { a: { or: Long.fromNumber(5) } } }, 'long 5'],
    [{ a: Decimal128.fromString('1.1') }, { $inc: { a: new Int32(1) } }, 'decimal 2.1'],
  ])('%j with %j is %s', (doc, update, expected) => {
    const value = updated(doc, update)['a'];
    expect(`${typeName(value)} ${String(value)}`).toBe(expected);
  });

  it('sets the date or the timestamp', () => {
    expect(updated({}, { $currentDate: { a: true, b: { $type: 'timestamp' } } })).toEqual({
      a: now,
      b: new Timestamp({ t: now.getTime() / 1000, i: 1 }),
    });
  });

  it('TypeMismatch (14) and BadValue (2)', () => {
    expect(() => run({ a: 'x' }, { $inc: { a: 1 } })).toThrow(failure(14, 'TypeMismatch'));
    expect(() => run({ a: null }, { $inc: { a: 1 } })).toThrow(failure(14));
    expect(() => run({}, { $inc: { a: 'x' } })).toThrow(failure(14));
    expect(() => run({ a: [] }, { $mul: { a: 1 } })).toThrow(failure(14));
    expect(() => run({ a: Long.MAX_VALUE }, { $inc: { a: 1 } })).toThrow(failure(2));
    expect(() => run({ a: 1 }, { $pop: { a: 1 } })).toThrow(failure(14));
    expect(() => run({ a: new Double(1) }, { $bit: { a: { and: 1 } } })).toThrow(failure(2));
    expect(() => run({}, { $currentDate: { a: { $type: 'day' } } })).toThrow(failure(2));
  });
});

describe('$rename', () => {
  it('moves a value, replacing what was there', () => {
    expect(updated({ a: 1, b: { c: 2 } }, { $rename: { a: 'b.c' } })).toEqual({ b: { c: 1 } });
    expect(run({ b: 1 }, { $rename: { a: 'c' } })).toEqual({ doc: { b: 1 }, modified: false });
  });

  it('does not work in arrays (2) and not on itself', () => {
    expect(() => run({ a: [{ b: 1 }] }, { $rename: { 'a.0.b': 'c' } })).toThrow(failure(2));
    expect(() => run({ a: [{}], c: 1 }, { $rename: { c: 'a.0.b' } })).toThrow(failure(2));
    expect(() => run({}, { $rename: { a: 'a' } })).toThrow(failure(2));
    expect(() => run({}, { $rename: { a: 1 } })).toThrow(failure(2));
    expect(() => run({}, { $rename: { a: 'a.b' } })).toThrow(failure(40));
  });
});

describe('array operators', () => {
  it.each<[string, unknown, Doc, unknown]>([
    ['$push appends', [1], { $push: { a: 2 } }, [1, 2]],
    ['$push appends an array as one value', [1], { $push: { a: [2] } }, [1, [2]]],
    ['$push creates the array', undefined, { $push: { a: 1 } }, [1]],
    ['$each appends several', [1], { $push: { a: { $each: [2, 3] } } }, [1, 2, 3]],
    ['$position inserts', [1, 4], { $push: { a: { $each: [2, 3], $position: 1 } } }, [1, 2, 3, 4]],
    ['a negative $position counts from the end', [1, 4], { $push: { a: { $each: [3], $position: -1 } } }, [1, 3, 4]],
    ['$slice keeps the first', [1, 2], { $push: { a: { $each: [3], $slice: 2 } } }, [1, 2]],
    ['$slice keeps the last', [1, 2], { $push: { a: { $each: [3], $slice: -2 } } }, [2, 3]],
    ['$slice 0 empties', [1, 2], { $push: { a: { $each: [3], $slice: 0 } } }, []],
    ['$sort sorts values', [3, 1], { $push: { a: { $each: [2], $sort: -1 } } }, [3, 2, 1]],
    [
      '$sort by field, then $slice',
      [{ n: 3 }, { n: 1 }],
      { $push: { a: { $each: [{ n: 2 }], $sort: { n: 1 }, $slice: 2 } } },
      [{ n: 1 }, { n: 2 }],
    ],
    ['$addToSet adds what is missing', [1], { $addToSet: { a: 2 } }, [1, 2]],
    ['$addToSet holds 1 and 1.0 for equal', [1], { $addToSet: { a: new Double(1) } }, [1]],
    ['$addToSet with $each adds each once', [1], { $addToSet: { a: { $each: [2, 2, 1] } } }, [1, 2]],
    [
      '$addToSet minds field order',
      [{ x: 1, y: 2 }],
      { $addToSet: { a: { y: 2, x: 1 } } },
      [
        { x: 1, y: 2 },
        { y: 2, x: 1 },
      ],
    ],
    ['$pull by value', [1, 2, 1], { $pull: { a: 1 } }, [2]],
    ['$pull by operators', [1, 5, 9], { $pull: { a: { $gte: 5 } } }, [1]],
    ['$pull by fields of documents', [{ x: 1, y: 1 }, { x: 2 }, 3], { $pull: { a: { x: 1 } } }, [{ x: 2 }, 3]],
    ['$pull by fields with operators', [{ x: 1 }, { x: 5 }], { $pull: { a: { x: { $in: [5, 6] } } } }, [{ x: 1 }]],
    ['$pull an array by equality', [[1], [1, 2]], { $pull: { a: [1] } }, [[1, 2]]],
    ['$pullAll', [1, 2, 3, new Double(1)], { $pullAll: { a: [1, 3] } }, [2]],
    ['$pop last', [1, 2, 3], { $pop: { a: 1 } }, [1, 2]],
    ['$pop first', [1, 2, 3], { $pop: { a: -1 } }, [2, 3]],
    ['$pull on a missing field', undefined, { $pull: { a: 1 } }, undefined],
  ])('%s', (_name, array, update, expected) => {
    expect(updated(array === undefined ? {} : { a: array }, update)['a']).toEqual(expected);
  });

  it.each<[Doc, Doc, number]>([
    [{ a: 1 }, { $push: { a: 1 } }, 2],
    [{ a: 1 }, { $addToSet: { a: 1 } }, 2],
    [{ a: 1 }, { $pull: { a: 1 } }, 2],
    [{ a: 1 }, { $pullAll: { a: [1] } }, 2],
    [{}, { $pullAll: { a: 1 } }, 2],
    [{}, { $push: { a: { $each: 1 } } }, 2],
    [{}, { $push: { a: { $each: [], $foo: 1 } } }, 2],
    [{}, { $push: { a: { $each: [], $slice: 1.5 } } }, 2],
    [{}, { $addToSet: { a: { $each: [], x: 1 } } }, 2],
    [{}, { $pop: { a: 2 } }, 9],
  ])('%j with %j answers %d', (doc, update, code) => {
    expect(() => run(doc, update)).toThrow(failure(code));
  });
});

describe('the positional $, $[] and $[id]', () => {
  const doc = {
    _id: 1,
    a: [
      { id: 1, n: 0 },
      { id: 2, n: 0 },
      { id: 2, n: 5 },
    ],
  };

  it('$ after multikey match', () => {
    const result = updated(doc, { $set: { 'a.$.n': 1 } }, { filter: { _id: 1, 'a.id': 2 } });
    expect(result['a']).toEqual([
      { id: 1, n: 0 },
      { id: 2, n: 1 },
      { id: 2, n: 5 },
    ]);
  });

  it('$ after $elemMatch', () => {
    const result = updated(doc, { $set: { 'a.$.n': 9 } }, { filter: { a: { $elemMatch: { id: 2, n: 5 } } } });
    expect(result['a']).toEqual([
      { id: 1, n: 0 },
      { id: 2, n: 0 },
      { id: 2, n: 9 },
    ]);
  });

  it('$ on a scalar element', () => {
    expect(updated({ a: [4, 5] }, { $set: { 'a.$': 6 } }, { filter: { a: 5 } })).toEqual({ a: [4, 6] });
  });

  it('$ with no array in the filter is an error (2)', () => {
    expect(() => updated(doc, { $set: { 'a.$.n': 1 } }, { filter: { _id: 1 } })).toThrow(failure(2));
  });

  it('upsert with positional is an error (2)', () => {
    const compiled = compileUpdate({ $set: { 'a.$': 1 } }, { filter: { a: 1 } });
    expect(() => compiled.apply({ a: 1 }, { isInsert: true, now })).toThrow(failure(2));
  });

  it('$[] means every element', () => {
    expect(updated({ a: [1, 2] }, { $inc: { 'a.$[]': 1 } })).toEqual({ a: [new Int32(2), new Int32(3)] });
    expect(updated({ a: [{ b: [1] }, { b: [2, 3] }] }, { $set: { 'a.$[].b.$[]': 0 } })).toEqual({
      a: [{ b: [0] }, { b: [0, 0] }],
    });
  });

  it('$[id] means the elements its filter accepts', () => {
    const result = updated(doc, { $set: { 'a.$[x].n': 7 } }, { arrayFilters: [{ 'x.id': 2, 'x.n': { $lt: 3 } }] });
    expect(result['a']).toEqual([
      { id: 1, n: 0 },
      { id: 2, n: 7 },
      { id: 2, n: 5 },
    ]);
    expect(updated({ a: [1, 9] }, { $set: { 'a.$[x]': 0 } }, { arrayFilters: [{ x: { $gt: 5 } }] })).toEqual({
      a: [1, 0],
    });
    expect(run(doc, { $set: { 'a.$[x].n': 7 } }, { arrayFilters: [{ 'x.id': 99 }] }).modified).toBe(false);
  });

  it.each<[string, Doc, Doc, UpdateOptions, number]>([
    ['no such filter', { a: [] }, { $set: { 'a.$[x]': 1 } }, {}, 2],
    ['filter not used', {}, { $set: { a: 1 } }, { arrayFilters: [{ x: 1 }] }, 9],
    ['same filter twice', {}, { $set: { 'a.$[x]': 1 } }, { arrayFilters: [{ x: 1 }, { 'x.b': 1 }] }, 9],
    ['two identifiers in one', {}, { $set: { 'a.$[x]': 1 } }, { arrayFilters: [{ x: 1, y: 1 }] }, 9],
    ['identifier with a capital', {}, { $set: { 'a.$[X]': 1 } }, { arrayFilters: [{ X: 1 }] }, 2],
    ['empty filter', {}, { $set: { a: 1 } }, { arrayFilters: [{}] }, 9],
    ['$[] on a missing array', {}, { $set: { 'a.$[]': 1 } }, {}, 2],
    ['$[] on a scalar', { a: 1 }, { $set: { 'a.$[]': 1 } }, {}, 2],
    ['$ first', {}, { $set: { $: 1 } }, {}, 2],
    ['two $', {}, { $set: { 'a.$.b.$': 1 } }, {}, 2],
    ['two ways to one element', { a: [1] }, { $set: { 'a.$[]': 1, 'a.0': 2 } }, {}, 40],
  ])('%s', (_name, document, update, options, code) => {
    expect(() => run(document, update, options)).toThrow(failure(code));
  });
});

describe('path conflicts (40), names (9, 52, 56) and immutable _id (66)', () => {
  it.each<[Doc, number]>([
    [{ $set: { a: 1 }, $inc: { a: 1 } }, 40],
    [{ $set: { a: 1, 'a.b': 1 } }, 40],
    [{ $set: { 'a.b': 1 }, $unset: { a: 1 } }, 40],
    [{ $rename: { a: 'b' }, $set: { b: 1 } }, 40],
    [{ $foo: { a: 1 } }, 9],
    [{ $set: { a: 1 }, b: 1 }, 9],
    [{ $set: 1 }, 9],
    [{ $set: { '': 1 } }, 56],
    [{ $set: { 'a..b': 1 } }, 56],
    [{ a: 1, $set: { b: 1 } }, 52],
    [{ $set: { _id: 2 } }, 66],
    [{ $unset: { _id: 1 } }, 66],
    [{ $rename: { _id: 'x' } }, 66],
    [{ $inc: { _id: 1 } }, 66],
    [{ _id: 2, a: 1 }, 66],
  ])('%j answers %d', (update, code) => {
    expect(() => run({ _id: 1 }, update)).toThrow(failure(code));
  });

  it('lets _id be set to what it is', () => {
    expect(run({ _id: 1 }, { $set: { _id: 1 } })).toEqual({ doc: { _id: 1 }, modified: false });
  });

  it('does not mistake neighbours for conflicts', () => {
    expect(updated({}, { $set: { 'a.b': 1, 'a.c': 2, ab: 3 } })).toEqual({ a: { b: 1, c: 2 }, ab: 3 });
    expect(updated({ c: [{ x: 1 }] }, { $set: { 'c.$.y': 1, 'c.$.z': 2 } }, { filter: { 'c.x': 1 } })).toEqual({
      c: [{ x: 1, y: 1, z: 2 }],
    });
  });
});

describe('a pipeline as update', () => {
  const piped = (doc: Doc, stages: Doc[], options: UpdateOptions = {}) =>
    compileUpdate(stages, options).apply(doc, { isInsert: false, now });

  it.each<[string, Doc, Doc[], Doc]>([
    ['computes a field from another', { _id: 1, a: 2 }, [{ $set: { b: '$a' } }], { _id: 1, a: 2, b: 2 }],
    ['runs its stages in order', { _id: 1, a: 2 }, [{ $unset: 'a' }, { $addFields: { b: '$a' } }], { _id: 1 }],
    ['keeps _id that a stage drops', { _id: 1, a: 2 }, [{ $replaceWith: { c: '$a' } }], { _id: 1, c: 2 }],
    ['projects', { _id: 1, a: 2, b: 3 }, [{ $project: { b: 1 } }], { _id: 1, b: 3 }],
  ])('%s', (_name, doc, stages, expected) => {
    expect(piped(doc, stages)).toEqual({ doc: expected, modified: true });
  });

  it('that changes nothing has not modified', () => {
    expect(piped({ _id: 1, a: 2 }, [{ $set: { a: '$a' } }]).modified).toBe(false);
  });

  it.each<[string, Doc[], number]>([
    ['a stage that makes other documents', [{ $group: { _id: 1 } }], 72],
    ['two stages in one', [{ $set: { a: 1 }, $unset: 'b' }], 40323],
    ['another _id', [{ $set: { _id: 2 } }], 66],
    ['what is no document', [{ $replaceWith: '$a' }], 40228],
  ])('refuses %s', (_name, stages, code) => {
    expect(() => piped({ _id: 1, a: 2 }, stages)).toThrow(failure(code));
  });

  it('refuses array filters', () => {
    expect(() => piped({ _id: 1 }, [{ $set: { a: 1 } }], { arrayFilters: [{ x: 1 }] })).toThrow(failure(9));
  });
});

describe('no-op update ⇒ nModified 0', () => {
  it.each<[Doc, Doc, boolean]>([
    [{ a: new Int32(1) }, { $set: { a: new Int32(1) } }, false],
    [{ a: new Int32(1) }, { $set: { a: new Double(1) } }, true],
    [{ a: { x: 1, y: 2 } }, { $set: { a: { y: 2, x: 1 } } }, true],
    [{ a: [1] }, { $addToSet: { a: 1 } }, false],
    [{ a: [1] }, { $pull: { a: 2 } }, false],
    [{ a: new Int32(1) }, { $inc: { a: new Int32(0) } }, false],
    [{ a: 1 }, { $unset: { b: 1 } }, false],
    [{ a: 1 }, { $set: {} }, false],
    [{ a: 1 }, { $setOnInsert: { b: 1 } }, false],
    [{ a: 1 }, { $max: { a: 0 } }, false],
    [{ _id: 1, a: 1 }, { a: 1 }, false],
    [{ _id: 1, a: 1 }, { a: 2 }, true],
  ])('%j with %j modifies: %s', (doc, update, expected) => {
    expect(run(doc, update).modified).toBe(expected);
  });
});

describe('replacement and upsert', () => {
  it('keeps _id, drops all else', () => {
    const compiled = compileUpdate({ b: 2 }, {});
    expect(compiled.isReplacement).toBe(true);
    expect(compiled.apply({ _id: 7, a: 1 }, { isInsert: false, now }).doc).toEqual({ _id: 7, b: 2 });
  });

  it('takes nothing but _id from an upsert seed', () => {
    expect(compileUpdate({ b: 2 }, {}).apply({ _id: 7, a: 1 }, { isInsert: true, now }).doc).toEqual({ _id: 7, b: 2 });
    expect(compileUpdate({ _id: 8 }, {}).apply({ a: 1 }, { isInsert: true, now }).doc).toEqual({ _id: 8 });
  });

  it('applies $setOnInsert on inserts only, and lets it choose the _id', () => {
    const compiled = compileUpdate({ $setOnInsert: { _id: 5, a: 1 }, $set: { b: 2 } }, {});
    expect(compiled.apply({}, { isInsert: true, now }).doc).toEqual({ _id: 5, a: 1, b: 2 });
    expect(() => compiled.apply({ _id: 4 }, { isInsert: true, now })).toThrow(failure(66));
    expect(compiled.apply({ _id: 4 }, { isInsert: false, now }).doc).toEqual({ _id: 4, b: 2 });
  });
});
