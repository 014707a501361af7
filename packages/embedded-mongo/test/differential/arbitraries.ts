import fc from 'fast-check';
import { Binary, BSONRegExp, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, type Document } from 'mongodb';

const scalar = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -2, max: 3 }).map((value) => new Int32(value)) },
  { weight: 4, arbitrary: fc.constantFrom('', 'a', 'ab', 'B', 'é') },
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(
      ...[0.5, -1.5, 1, 2, -0, NaN, Infinity].map((value) => new Double(value)),
      ...['1', '2', '9007199254740993'].map((value) => Long.fromString(value)),
      ...['1', '0.5', '1E3', 'NaN'].map((value) => Decimal128.fromString(value)),
    ),
  },
  { weight: 2, arbitrary: fc.constant(null) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<unknown>(
      true,
      false,
      new Date(0),
      new Date(-86_400_000),
      new Date('2026-11-23T08:00:00Z'),
      new ObjectId('0123456789abcdef01234567'),
      new Binary(Buffer.from([1, 2])),
      new BSONRegExp('^a', 'i'),
      new MinKey(),
      new MaxKey(),
    ),
  },
);

const names = fc.constantFrom('a', 'b', 'c');
const fields = (value: fc.Arbitrary<unknown>): fc.Arbitrary<Document> => fc.dictionary(names, value, { maxKeys: 2 });

const flat = fc.oneof({ weight: 4, arbitrary: scalar }, { weight: 1, arbitrary: fields(scalar) });

/** A value: mostly scalars, some documents and arrays, two levels deep. */
export const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 5, arbitrary: scalar },
  { weight: 3, arbitrary: fc.array(flat, { maxLength: 3 }) },
  { weight: 2, arbitrary: fc.array(fields(scalar), { maxLength: 3 }) },
  { weight: 2, arbitrary: fields(fc.oneof(flat, fc.array(flat, { maxLength: 2 }))) },
  { weight: 1, arbitrary: fc.array(fc.array(scalar, { maxLength: 2 }), { maxLength: 2 }) },
);

const small = fc.integer({ min: 0, max: 2 }).map((each) => new Int32(each));
const pairs = fc.array(fc.record({ b: small, c: small }), { minLength: 1, maxLength: 3 });

/** Documents of one array, and filters whose two conditions may be met by one of its elements or by two. */
export const arrays: fc.Arbitrary<Document[]> = fc
  .array(pairs, { minLength: 1, maxLength: 6 })
  .map((lists) => lists.map((a, i) => ({ _id: i, a })));
const few = fc.oneof(
  small,
  fc.tuple(fc.constantFrom('$gt', '$lte', '$eq'), small).map(([name, each]) => ({ [name]: each })),
  fc.tuple(small, small).map(([least, most]) => ({ $gte: least, $lt: most })),
);
export const arrayFilters: fc.Arbitrary<Document> = fc.oneof(
  fc.record({ 'a.b': few, 'a.c': few }),
  fc.record({ b: few, c: few }).map((each) => ({ a: { $elemMatch: each } })),
);

/** Documents numbered by `_id`. */
export const documents: fc.Arbitrary<Document[]> = fc
  .array(fc.dictionary(names, value, { maxKeys: 3 }), { minLength: 1, maxLength: 6 })
  .map((docs) => docs.map((doc, i) => ({ _id: i, ...doc })));

const path = fc.oneof(
  { weight: 4, arbitrary: names },
  { weight: 3, arbitrary: fc.constantFrom('a.b', 'a.c', 'b.a', 'a.0', 'a.1', 'a.0.b', 'a.b.0', 'a.b.c') },
);

const bound = fc.oneof({ weight: 4, arbitrary: scalar }, { weight: 1, arbitrary: value });
const list = fc.array(bound, { minLength: 1, maxLength: 3 });
const types = fc.constantFrom('null', 'array', 'object', 'int', 'double', 'string', 'number', 'bool', 'date', 'regex');
const pair = (name: string, operand: fc.Arbitrary<unknown>): fc.Arbitrary<Document> =>
  operand.map((each) => ({ [name]: each }));

const comparison = fc.oneof(
  ...['$eq', '$ne', '$gt', '$gte', '$lt', '$lte'].map((name) => pair(name, bound)),
  pair('$in', list),
  pair('$nin', list),
);
const operator: fc.Arbitrary<Document> = fc.oneof(
  { weight: 6, arbitrary: comparison },
  { weight: 1, arbitrary: pair('$exists', fc.boolean()) },
  { weight: 1, arbitrary: pair('$type', types) },
  { weight: 1, arbitrary: pair('$size', fc.integer({ min: 0, max: 3 })) },
  { weight: 1, arbitrary: pair('$mod', fc.constantFrom([2, 0], [2, 1], [3, -1])) },
  { weight: 1, arbitrary: pair('$regex', fc.constantFrom('^a', 'b$', 'A')) },
  { weight: 1, arbitrary: pair('$all', fc.array(bound, { maxLength: 2 })) },
  { weight: 1, arbitrary: pair('$not', comparison) },
  {
    weight: 1,
    arbitrary: pair('$elemMatch', fc.oneof(comparison, fc.dictionary(names, bound, { minKeys: 1, maxKeys: 2 }))),
  },
);
const condition = fc.oneof(
  { weight: 3, arbitrary: bound },
  { weight: 5, arbitrary: operator },
  { weight: 1, arbitrary: fc.tuple(comparison, comparison).map(([a, b]) => ({ ...a, ...b })) },
);
const plainFilter: fc.Arbitrary<Document> = fc.dictionary(path, condition, { minKeys: 1, maxKeys: 2 });

/** A filter of fields, operators and one level of `$and`, `$or` and `$nor`. */
export const filter: fc.Arbitrary<Document> = fc.oneof(
  { weight: 6, arbitrary: plainFilter },
  ...['$and', '$or', '$nor'].map((name) => ({
    weight: 1,
    arbitrary: pair(name, fc.array(plainFilter, { minLength: 1, maxLength: 2 })),
  })),
);

const direction = fc.constantFrom(1, -1);

/** A sort; `_id` decides between equal documents, so that an answer is one order only. */
export const sort: fc.Arbitrary<Document> = fc
  .dictionary(path, direction, { maxKeys: 2 })
  .map((keys) => ({ ...keys, _id: 1 }));

const picked = fc.oneof(
  pair('$slice', fc.constantFrom<unknown>(1, -1, 0, [1, 1], [-2, 1])),
  pair('$elemMatch', fc.oneof(comparison, fc.dictionary(names, bound, { minKeys: 1, maxKeys: 1 }))),
);

/** A projection: inclusions or exclusions, perhaps with `$slice` or `$elemMatch`. */
export const projection: fc.Arbitrary<Document> = fc.oneof(
  fc.dictionary(path, fc.constant(1), { minKeys: 1, maxKeys: 2 }),
  fc.dictionary(path, fc.constant(0), { minKeys: 1, maxKeys: 2 }),
  fc.tuple(names, picked).map(([name, pick]) => ({ [name]: pick })),
  fc.tuple(picked, fc.constantFrom(0, 1)).map(([pick, shown]) => ({ a: pick, b: shown })),
);

/** An update with the filter and the array filters it needs. */
export interface UpdateCase {
  readonly filter: Document;
  readonly update: Document;
  readonly arrayFilters?: Document[];
}

const target = fc.oneof(
  { weight: 6, arbitrary: path },
  { weight: 1, arbitrary: fc.constantFrom('a.$[]', 'a.$[].b', 'a.2') },
);
const number = fc.oneof(
  fc.constantFrom<unknown>(new Int32(1), new Int32(-3), new Double(0.5), Long.fromString('2'), new Int32(2147483647)),
  { weight: 1, arbitrary: scalar },
);
const push = fc.oneof(
  value,
  fc.record(
    {
      $each: fc.array(value, { maxLength: 3 }),
      $slice: fc.constantFrom(0, 2, -2),
      $position: fc.constantFrom(0, 1, -1),
      $sort: fc.constantFrom<unknown>(1, -1, { b: 1 }),
    },
    { requiredKeys: ['$each'] },
  ),
);
const on = (name: string, operand: fc.Arbitrary<unknown>): fc.Arbitrary<Document> =>
  fc.tuple(target, operand).map(([field, each]) => ({ [name]: { [field]: each } }));

const change: fc.Arbitrary<Document> = fc.oneof(
  on('$set', value),
  on('$unset', fc.constant('')),
  on('$inc', number),
  on('$mul', number),
  on('$min', scalar),
  on('$max', scalar),
  on('$push', push),
  on('$addToSet', fc.oneof(value, pair('$each', fc.array(value, { maxLength: 2 })))),
  on('$pull', fc.oneof(bound, comparison, fields(bound))),
  on('$pullAll', fc.array(value, { maxLength: 2 })),
  on('$pop', direction),
  on('$rename', fc.constantFrom('d', 'b', 'c.d')),
);

/** An update by one or two operators, of all documents or of those a filter matches, with `$` and `$[id]`. */
export const update: fc.Arbitrary<UpdateCase> = fc.oneof(
  { weight: 5, arbitrary: change.map((each) => ({ filter: {}, update: each })) },
  { weight: 1, arbitrary: fc.tuple(change, change).map(([a, b]) => ({ filter: {}, update: { ...a, ...b } })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(condition, value)
      .map(([each, next]) => ({ filter: { a: each }, update: { $set: { 'a.$': next } } })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(condition, fc.constantFrom('a.$[x]', 'a.$[x].b'), value)
      .map(([each, field, next]) => ({ filter: {}, update: { $set: { [field]: next } }, arrayFilters: [{ x: each }] })),
  },
);
