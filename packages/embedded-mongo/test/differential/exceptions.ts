import { MaxKey, type Document } from 'mongodb';
import type { UpdateCase } from './arbitraries';
import type { Answer } from './engines';
import { show } from './engines';

/** One thing both engines were asked. */
export type Question =
  | { readonly kind: 'find'; readonly filter: Document; readonly options: Document }
  | { readonly kind: 'update'; readonly change: UpdateCase };

/** A difference between the engines that is known, and why this store is right. */
export interface Exception {
  readonly name: string;
  /** The smallest documents and question that show it. */
  readonly docs: readonly Document[];
  readonly question: Question;
  /** The sentence that decides, word for word, and where it stands: in MongoDB's manual, or else in its server. */
  readonly decides: string;
  readonly source: string;
  covers(question: Question, docs: readonly Document[], ours: Answer, theirs: Answer): boolean;
}

const update = (change: Document, arrayFilters?: Document[]): Question => ({
  kind: 'update',
  change: arrayFilters ? { filter: {}, update: change, arrayFilters } : { filter: {}, update: change },
});
const uses = (question: Question, ...operators: string[]): boolean =>
  question.kind === 'update' && operators.some((operator) => Object.hasOwn(question.change.update, operator));
const text = (question: Question): string => (question.kind === 'update' ? show(question.change.update) : '');
const refused = ({ code }: Answer): boolean => code !== undefined;

/** The answer with the fields of every document in one order. */
function unordered({ text: answer }: Answer): string {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([k, v]) => [k, sorted(v)]),
    );
  };
  return JSON.stringify(answer.startsWith('error') ? answer : sorted(JSON.parse(answer)));
}

/** The documents of an answer without their order. */
function inAnyOrder({ text: answer }: Answer): string {
  if (answer.startsWith('error')) return answer;
  return (JSON.parse(answer) as unknown[])
    .map((doc) => JSON.stringify(doc))
    .sort()
    .join();
}

/** At most twenty; the differential test also checks that each of them still differs. */
export const exceptions: readonly Exception[] = [
  {
    name: 'an empty array sorts below null',
    docs: [{ _id: 0 }, { _id: 1, a: [] }],
    question: { kind: 'find', filter: {}, options: { sort: { a: 1, _id: 1 } } },
    decides: 'A comparison of an empty array (e.g. [ ]) treats the empty array as less than null or a missing field.',
    source: 'manual, reference/bson-type-comparison-order',
    covers: (question, docs, ours, theirs) =>
      question.kind === 'find' &&
      question.options['sort'] !== undefined &&
      show(docs).includes('[]') &&
      inAnyOrder(ours) === inAnyOrder(theirs),
  },
  {
    name: 'a sort by two arrays is refused',
    docs: [{ _id: 0, a: [1], b: [2] }],
    question: { kind: 'find', filter: {}, options: { sort: { a: 1, b: 1 } } },
    decides:
      'the restriction mentioned here, https://docs.mongodb.com/manual/core/index-multikey/#compound-multikey-indexes, now applies to all sort operations even if there is no supporting index',
    source: 'MongoDB, ticket DOCS-11241 (of the manual)',
    covers: (question, _docs, ours, theirs) =>
      question.kind === 'find' &&
      Object.keys((question.options['sort'] ?? {}) as Document).length > 1 &&
      ours.code === 2 &&
      !refused(theirs),
  },
  {
    name: 'a missing field lies between MinKey and MaxKey',
    docs: [{ _id: 0 }],
    question: { kind: 'find', filter: { a: { $lt: new MaxKey() } }, options: {} },
    decides:
      'there are a few exceptions, handled here. […] LT and LTE need no distinction here because the two elements that we are comparing do not even have the same canonical type',
    source: 'server, src/mongo/db/matcher/expression_leaf.cpp (MinKey and MaxKey in matchesSingleElement)',
    covers: (question) => question.kind === 'find' && /"\$[lg]te?":\{"\$m(in|ax)Key":1\}/.test(show(question.filter)),
  },
  {
    name: 'a projection may not name a field and something inside it',
    docs: [{ _id: 0 }],
    question: { kind: 'find', filter: { a: 1 }, options: { projection: { 'a.b': 1, a: 1 } } },
    decides:
      "Starting in MongoDB 4.4, it is illegal to project an embedded document with any of the embedded document's fields.",
    source: 'manual, release-notes/4.4-compatibility (Path Collision Restrictions)',
    covers: (_question, _docs, ours) => ours.code === 31249 || ours.code === 31250,
  },
  {
    name: 'an update through $[] or $ that finds no array is BadValue',
    docs: [{ _id: 0, a: 0 }],
    question: update({ $set: { 'a.$[]': 1 } }),
    decides: 'Cannot apply array updates to non-array element',
    source: 'server, src/mongo/db/update/update_array_node.cpp',
    covers: (question, _docs, ours) => ours.code === 2 && /"[^"]*\.\$(\[\w*\])?[."]/.test(text(question)),
  },
  {
    name: '$push and $addToSet of nothing create the array',
    docs: [{ _id: 0 }],
    question: update({ $push: { a: { $each: [] } } }),
    decides:
      'If the field is absent in the document to update, $push adds the array field with the value as its element.',
    source: 'manual, reference/operator/update/push',
    covers: (question) =>
      uses(question, '$push', '$addToSet') && /"\$each":\[\]|"\$slice":\{"\$numberInt":"0"\}/.test(text(question)),
  },
  {
    name: '$unset of what is not there does nothing, also below an array',
    docs: [{ _id: 0, a: [1] }],
    question: update({ $unset: { 'a.c': '' } }),
    decides: 'If the field does not exist, then $unset does nothing (i.e. no operation).',
    source: 'manual, reference/operator/update/unset',
    covers: (question, _docs, ours, theirs) => uses(question, '$unset') && !refused(ours) && refused(theirs),
  },
  {
    name: '$rename into an array is BadValue',
    docs: [{ _id: 0, a: 1, b: [] }],
    question: update({ $rename: { a: 'b.c' } }),
    decides: 'The destination field cannot be an array element',
    source: 'server, src/mongo/db/update/rename_node.cpp',
    covers: (question, _docs, ours, theirs) =>
      uses(question, '$rename') && (theirs.code === 9 || (theirs.code === 2 && !refused(ours))),
  },
  {
    name: '$pull by a document leaves what is no document',
    docs: [{ _id: 0, a: [''] }],
    question: update({ $pull: { a: {} } }),
    decides:
      'If the specified <value> to remove is a document, $pull removes only the elements in the array that have the exact same fields and values.',
    source: 'manual, reference/operator/update/pull',
    covers: (question) => uses(question, '$pull') && text(question).includes('{}'),
  },
  {
    name: '$rename to the same name is BadValue',
    docs: [{ _id: 0 }],
    question: update({ $rename: { a: 'a' } }),
    decides: 'The new field name must differ from the existing field name.',
    source: 'manual, reference/operator/update/rename',
    covers: (question, _docs, ours, theirs) => uses(question, '$rename') && ours.code === 2 && theirs.code === 40,
  },
  {
    name: '$pop, $pull, $pullAll and $rename of what is not there change nothing on the way to it',
    docs: [{ _id: 0 }],
    question: update({ $pop: { 'a.b': 1 }, $set: { c: 1 } }),
    decides: 'No components of the path existed. The pop is treated as a no-op in this case.',
    source: 'server, src/mongo/db/update/pop_node.cpp',
    covers: (question, _docs, ours, theirs) =>
      uses(question, '$pop', '$pull', '$pullAll', '$rename') &&
      !refused(ours) &&
      !refused(theirs) &&
      text(question).includes('.'),
  },
  {
    name: '$pop of what is no array is TypeMismatch',
    docs: [{ _id: 0, a: 1 }],
    question: update({ $pop: { a: 1 } }),
    decides: 'The $pop operation fails if the <field> is not an array.',
    source: 'manual, reference/operator/update/pop',
    covers: (question, _docs, ours, theirs) => uses(question, '$pop') && ours.code === 14 && refused(theirs),
  },
  {
    name: 'a path through an array by a name is PathNotViable',
    docs: [{ _id: 0, a: [] }],
    question: update({ $push: { 'a.b': 0 } }),
    decides:
      "If prefix wants to reach 'curr' by applying a non-numeric index to an array 'prev' […] we'd be in a non-viable path",
    source: 'server, src/mongo/db/update/path_support.cpp',
    covers: (question, _docs, ours, theirs) =>
      ours.code === 28 && (theirs.code === 9 || (uses(question, '$rename') && theirs.code !== 28)),
  },
  {
    name: 'fields are added in the order of their names',
    docs: [{ _id: 0 }],
    question: update({ $set: { b: 1 }, $inc: { a: 1 } }),
    decides:
      'Starting in MongoDB 5.0, update operators process document fields with string-based names in lexicographic order.',
    source: 'manual, reference/operator/update (Behavior)',
    covers: (_question, _docs, ours, theirs) => unordered(ours) === unordered(theirs),
  },
  {
    name: 'a boolean is not a number to $inc and $mul',
    docs: [{ _id: 0, a: true }],
    question: update({ $inc: { a: 1 } }),
    decides: 'to a value of non-numeric type',
    source: 'server, src/mongo/db/update/arithmetic_node.cpp (TypeMismatch)',
    covers: (question, _docs, ours) => uses(question, '$inc', '$mul') && ours.code === 14,
  },
  {
    name: '$inc by zero and $mul by one modify nothing',
    docs: [{ _id: 0, a: 1 }],
    question: update({ $inc: { a: 0 } }),
    decides: 'If the updated value is identical to the original value, treat this as a no-op.',
    source: 'server, src/mongo/db/update/arithmetic_node.cpp',
    covers: (question, _docs, ours, theirs) => {
      const uncounted = ({ text: answer }: Answer): string => answer.replace(/"modified":\{"\$numberInt":"[01]"\}/, '');
      return uses(question, '$inc', '$mul') && uncounted(ours) === uncounted(theirs);
    },
  },
  {
    name: 'NaN is the least of all numbers to $min and $max',
    docs: [{ _id: 0, a: 3 }],
    question: update({ $min: { a: NaN } }),
    decides: 'NaN (defined by us as less than all Longs)',
    source: 'server, src/mongo/base/compare_numbers.h',
    covers: (question, docs) => uses(question, '$min', '$max') && (text(question) + show(docs)).includes('NaN'),
  },
];
