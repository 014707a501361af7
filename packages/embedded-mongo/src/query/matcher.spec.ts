import { BSONRegExp, DBRef, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId } from 'bson';
import { compileFilter, compileMatcher, MatchDetails } from './matcher';

type Doc = Record<string, unknown>;
const matches = (filter: Doc, document: Doc): boolean => compileFilter(filter)(document);
const failure = (code: number, message?: string): Error =>
  expect.objectContaining(message === undefined ? { code } : { code, message }) as Error;

/** Rows of filter, matching documents, other documents. */
function table(rows: [Doc, Doc[], Doc[]][]): void {
  it.each(rows)('%j', (filter, yes, no) => {
    const test = compileFilter(filter);
    for (const document of yes) expect([document, test(document)]).toEqual([document, true]);
    for (const document of no) expect([document, test(document)]).toEqual([document, false]);
  });
}

describe('array traversal in dotted paths and numeric path parts', () => {
  table([
    [{ a: 1 }, [{ a: 1 }, { a: [2, 1] }], [{}, { a: [[1]] }, { a: '1' }]],
    [{ a: [1, 2] }, [{ a: [1, 2] }, { a: [[1, 2]] }], [{ a: [2, 1] }, { a: [1, 2, 3] }]],
    [
      { 'a.b': 1 },
      [{ a: { b: 1 } }, { a: [{ b: 2 }, { b: 1 }] }, { a: [{ b: [1] }] }],
      [{ a: [[{ b: 1 }]] }, { 'a.b': 1 }],
    ],
    [{ 'a.0': 1 }, [{ a: [1, 2] }, { a: { 0: 1 } }, { a: [{ 0: 1 }] }], [{ a: [2, 1] }, { a: [[1]] }]],
    [{ 'a.1.b': 2 }, [{ a: [{ b: 1 }, { b: 2 }] }], [{ a: [{ b: 2 }] }]],
    [{ a: { b: 1, c: 2 } }, [{ a: { b: 1, c: 2 } }, { a: [{ b: 1, c: 2 }] }], [{ a: { c: 2, b: 1 } }, { a: { b: 1 } }]],
    [{ a: {} }, [{ a: {} }], [{ a: { b: 1 } }, {}]],
  ]);
});

describe('null vs missing vs $exists', () => {
  table([
    [{ a: null }, [{ a: null }, {}, { a: [null] }], [{ a: 0 }, { a: [] }, { a: false }]],
    [{ 'a.b': null }, [{}, { a: 5 }, { a: {} }, { a: [{ b: 1 }, {}] }], [{ a: [] }, { a: [1] }, { a: [{ b: 1 }] }]],
    [{ a: { $ne: null } }, [{ a: 1 }, { a: [] }], [{}, { a: null }, { a: [1, null] }]],
    [{ a: { $gte: null } }, [{}, { a: null }], [{ a: 1 }]],
    [{ a: { $gt: null } }, [], [{}, { a: null }, { a: 1 }]],
    [{ a: { $in: [null, 1] } }, [{}, { a: null }, { a: 1 }], [{ a: 2 }]],
    [{ a: { $nin: [null] } }, [{ a: 1 }], [{}, { a: null }]],
    [{ a: { $exists: true } }, [{ a: null }, { a: [] }], [{}]],
    [{ a: { $exists: false } }, [{}], [{ a: null }]],
    [{ a: { $exists: new Int32(0) } }, [{}], [{ a: 1 }]],
    [{ 'a.b': { $exists: false } }, [{ a: [] }, { a: [1] }, { a: 1 }], [{ a: [{ b: 1 }, {}] }]],
    [{ a: { $not: { $exists: true } } }, [{}], [{ a: null }]],
  ]);
});

describe('bracketed comparisons', () => {
  const id = new ObjectId();
  table([
    [
      { a: { $gt: 5 } },
      [{ a: 6 }, { a: Long.fromNumber(6) }, { a: [1, 9] }],
      [{ a: 5 }, { a: '6' }, { a: new Date() }, {}],
    ],
    [{ a: { $lt: 5 } }, [{ a: 4 }], [{ a: null }, {}, { a: new Double(NaN) }, { a: '' }]],
    [{ a: { $gte: 'b' } }, [{ a: 'b' }, { a: 'c' }], [{ a: 'a' }, { a: 5 }, { a: id }]],
    [{ a: { $gt: 1, $lt: 3 } }, [{ a: 2 }, { a: [0, 9] }], [{ a: 4 }]],
    [{ a: { $lt: new Date(0) } }, [{ a: new Date(-5) }], [{ a: new Date(0) }, { a: -5 }]],
    [{ a: { $gte: new Double(NaN) } }, [{ a: new Double(NaN) }, { a: Decimal128.fromString('NaN') }], [{ a: 1 }]],
    [{ a: { $gt: new Double(NaN) } }, [], [{ a: 1 }, { a: new Double(NaN) }]],
    [{ a: { $lt: new MaxKey() } }, [{ a: 1 }, { a: 'x' }, {}], [{ a: new MaxKey() }]],
    [{ a: { $gt: new MinKey() } }, [{ a: 1 }, { a: null }], [{ a: new MinKey() }]],
    [{ a: { $gt: [1] } }, [{ a: [1, 0] }, { a: [2] }], [{ a: 5 }, { a: [1] }]],
    [{ a: { $gt: false } }, [{ a: true }], [{ a: false }, { a: 1 }]],
    [{ a: new Double(1) }, [{ a: 1 }, { a: Decimal128.fromString('1.0') }, { a: 1n }], [{ a: true }]],
    [{ a: Long.fromString('9007199254740993') }, [{ a: 9007199254740993n }], [{ a: new Double(9007199254740992) }]],
    [{ a: -0 }, [{ a: 0 }], [{ a: null }]],
  ]);
});

describe('$ne, $nin and $not on arrays', () => {
  table([
    [{ a: { $ne: 1 } }, [{}, { a: 2 }, { a: [2, 3] }], [{ a: 1 }, { a: [1, 2] }]],
    [{ a: { $nin: [1, 'x'] } }, [{}, { a: [3] }], [{ a: ['x', 2] }, { a: 1 }]],
    [{ a: { $not: { $gt: 5 } } }, [{}, { a: 5 }, { a: 'x' }, { a: [1, 2] }], [{ a: [1, 6] }]],
    [{ a: { $not: /^x/ } }, [{}, { a: 'y' }, { a: 1 }], [{ a: 'xy' }, { a: ['a', 'x'] }]],
    [{ a: { $not: { $elemMatch: { b: 1 } } } }, [{ a: [{ b: 2 }] }], [{ a: [{ b: 1 }] }]],
    [{ 'a.b': { $ne: 1 } }, [{ a: [{ b: 2 }] }, { a: [] }], [{ a: [{ b: 1 }, { b: 2 }] }]],
  ]);
});

describe('$in, $all, $size, $elemMatch', () => {
  table([
    [{ a: { $in: [1, /^x/] } }, [{ a: 1 }, { a: 'xy' }, { a: ['q', 'x'] }], [{ a: 'yx' }, {}]],
    [{ a: { $in: [] } }, [], [{}, { a: 1 }]],
    [{ a: { $in: [[1, 2]] } }, [{ a: [1, 2] }, { a: [[1, 2]] }], [{ a: [1] }]],
    [{ a: { $all: [1, 2] } }, [{ a: [2, 3, 1] }], [{ a: [1] }, { a: 1 }]],
    [{ a: { $all: [1] } }, [{ a: 1 }, { a: [1] }], []],
    [{ a: { $all: [] } }, [], [{ a: [] }, {}]],
    [
      { a: { $all: [{ $elemMatch: { b: 1 } }, { $elemMatch: { c: 2 } }] } },
      [{ a: [{ b: 1 }, { c: 2 }] }],
      [{ a: [{ b: 1 }] }],
    ],
    [{ a: { $size: 2 } }, [{ a: [1, 2] }], [{ a: [1] }, { a: 2 }, { a: [[1, 2]] }]],
    [
      { a: { $elemMatch: { b: 1, c: 2 } } },
      [{ a: [{ b: 1, c: 2 }] }],
      [{ a: [{ b: 1 }, { c: 2 }] }, { a: { b: 1, c: 2 } }],
    ],
    [{ a: { $elemMatch: { $gt: 1, $lt: 3 } } }, [{ a: [0, 2] }], [{ a: [0, 9] }, { a: 2 }]],
    [{ a: { $elemMatch: { $in: [2] } } }, [{ a: [1, 2] }], [{ a: [1] }]],
    [{ a: { $elemMatch: { $or: [{ b: 1 }, { c: 1 }] } } }, [{ a: [{ c: 1 }] }], [{ a: [{ d: 1 }] }]],
    [{ 'a.b': { $elemMatch: { c: 1 } } }, [{ a: [{ b: [{ c: 1 }] }] }], [{ a: [{ b: { c: 1 } }] }]],
    [{ a: { $elemMatch: { $elemMatch: { $eq: 1 } } } }, [{ a: [[0, 1]] }], [{ a: [1] }]],
  ]);
});

describe('$type, $mod, $regex, $bits…', () => {
  table([
    [{ a: { $type: 'number' } }, [{ a: 1 }, { a: new Double(1) }, { a: Decimal128.fromString('1') }], [{ a: '1' }, {}]],
    [{ a: { $type: 'objectId' } }, [{ a: new ObjectId() }], [{ a: 'x' }]],
    [{ a: { $type: [2, 'null'] } }, [{ a: 'x' }, { a: null }, { a: [1, 'x'] }], [{}, { a: 1 }]],
    [{ a: { $type: 'array' } }, [{ a: [] }, { a: [1] }], [{ a: 1 }]],
    [{ a: { $mod: [4, 1] } }, [{ a: 5 }, { a: new Double(5.9) }], [{ a: 4 }, { a: '5' }, { a: new Double(NaN) }]],
    [{ a: { $mod: [4, -1] } }, [{ a: -5 }], [{ a: 3 }]],
    [{ a: /^B/i }, [{ a: 'bx' }, { a: new BSONRegExp('^B', 'i') }], [{ a: new BSONRegExp('^B') }, { a: 1 }]],
    [{ a: { $regex: 'b', $options: 'i' } }, [{ a: 'aB' }], [{ a: 'c' }]],
    [{ a: { $eq: new BSONRegExp('^b') } }, [{ a: new BSONRegExp('^b') }], [{ a: 'b' }]],
    [{ a: { $bitsAllSet: 6 } }, [{ a: 7 }, { a: -1 }], [{ a: 4 }, { a: new Double(7.5) }]],
    [{ a: { $bitsAnyClear: [0] } }, [{ a: 6 }], [{ a: 7 }]],
  ]);
});

describe('$and, $or, $nor, $expr, $comment', () => {
  table([
    [{ $and: [{ a: 1 }, { b: 2 }] }, [{ a: 1, b: 2 }], [{ a: 1 }]],
    [{ $or: [{ a: 1 }, { b: 2 }], c: 3 }, [{ b: 2, c: 3 }], [{ a: 1 }, { c: 3 }]],
    [{ $nor: [{ a: 1 }, { b: 2 }] }, [{}, { a: 2 }], [{ a: 1 }]],
    [{ $expr: { $gt: ['$a', '$b'] } }, [{ a: 2, b: 1 }], [{ a: 1, b: 2 }]],
    [{ $expr: { $eq: ['$a', null] } }, [{ a: null }], [{}]],
    [{ $expr: { $in: [1, '$a'] } }, [{ a: [1] }], [{ a: [2] }]],
    [{ $comment: 'x', a: 1 }, [{ a: 1 }], [{}]],
    [{}, [{}, { a: 1 }], []],
  ]);
});

describe('values that only look like operators', () => {
  it('takes a DBRef for a value', () => {
    const ref = new DBRef('users', new ObjectId());
    expect(matches({ a: ref }, { a: ref })).toBe(true);
    expect(matches({ 'a.$ref': 'users' }, { a: ref })).toBe(true);
  });

  it('reads __proto__ like every other field', () => {
    const document = JSON.parse('{"__proto__": {"admin": true}}') as Doc;
    expect(matches(JSON.parse('{"__proto__.admin": true}') as Doc, document)).toBe(true);
    expect(matches({ admin: true }, document)).toBe(false);
    expect(matches({ constructor: { $exists: true } }, {})).toBe(false);
  });
});

describe('errors', () => {
  it.each<[Doc, number]>([
    [{ a: { $foo: 1 } }, 2],
    [{ a: { $gt: 1, b: 2 } }, 2],
    [{ $foo: 1 }, 2],
    [{ $where: '1' }, 2],
    [{ $text: { $search: 'x' } }, 2],
    [{ a: { $near: [1, 2] } }, 2],
    [{ $and: [] }, 2],
    [{ $or: {} }, 2],
    [{ $or: [1] }, 2],
    [{ a: { $in: 1 } }, 2],
    [{ a: { $in: [{ $gt: 1 }] } }, 2],
    [{ a: { $not: 1 } }, 2],
    [{ a: { $not: {} } }, 2],
    [{ a: { $size: -1 } }, 2],
    [{ a: { $mod: [0, 1] } }, 2],
    [{ a: { $mod: [2] } }, 2],
    [{ a: { $type: 'nope' } }, 2],
    [{ a: { $type: [] } }, 9],
    [{ a: { $options: 'i' } }, 2],
    [{ a: { $regex: '(' } }, 51091],
    [{ a: { $regex: 'a', $options: 'g' } }, 51108],
    [{ a: { $ne: /x/ } }, 2],
    [{ a: { $elemMatch: 1 } }, 2],
    [{ $expr: { $function: {} } }, 168],
  ])('%j answers %d', (filter, code) => {
    expect(() => compileFilter(filter)).toThrow(failure(code));
  });

  it('names the unknown operator', () => {
    expect(() => compileFilter({ a: { $foo: 1 } })).toThrow(failure(2, 'unknown operator: $foo'));
  });
});

describe('the position of a match', () => {
  it.each<[Doc, Doc, number | null]>([
    [{ 'a.b': 2 }, { a: [{ b: 1 }, { b: 2 }] }, 1],
    [{ a: 5 }, { a: [4, 5] }, 1],
    [{ a: { $elemMatch: { b: 2 } } }, { a: [{ b: 1 }, { b: 2 }] }, 1],
    [{ 'a.b': 2, _id: 1 }, { _id: 1, a: [{ b: 1 }, { b: 2 }] }, 1],
    [{ 'a.b': 3 }, { a: [{ b: [1] }, { b: [2, 3] }] }, 1],
    [{ _id: 1 }, { _id: 1 }, null],
    [{ a: { $ne: 5 } }, { a: [1] }, null],
  ])('%j on %j is %s', (filter, document, expected) => {
    const details: MatchDetails = { arrayIndex: null };
    expect(compileMatcher(filter).matches(document, details)).toBe(true);
    expect(details.arrayIndex).toBe(expected);
  });
});
