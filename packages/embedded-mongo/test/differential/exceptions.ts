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
  /** The sentence of MongoDB's manual that decides, and its page. */
  readonly manual: string;
  readonly page: string;
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

/** At most twenty; the differential test also checks that each of them still differs. */
export const exceptions: readonly Exception[] = [
  {
    name: 'an empty array sorts below null',
    docs: [{ _id: 0 }, { _id: 1, a: [] }],
    question: { kind: 'find', filter: {}, options: { sort: { a: 1, _id: 1 } } },
    manual: 'A comparison of an empty array (e.g. [ ]) treats the empty array as less than null or a missing field.',
    page: 'reference/bson-type-comparison-order',
    covers: (question, docs) =>
      question.kind === 'find' && question.options['sort'] !== undefined && show(docs).includes('[]'),
  },
  {
    name: 'a sort by two arrays is refused',
    docs: [{ _id: 0, a: [1], b: [2] }],
    question: { kind: 'find', filter: {}, options: { sort: { a: 1, b: 1 } } },
    manual:
      'In a compound multikey index, each indexed document can have at most one indexed field whose value is an array.',
    page: 'core/indexes/index-types/index-multikey (an order is one that such an index could have)',
    covers: (question, _docs, ours, theirs) => question.kind === 'find' && ours.code === 2 && !refused(theirs),
  },
  {
    name: 'a missing field lies between MinKey and MaxKey',
    docs: [{ _id: 0 }],
    question: { kind: 'find', filter: { a: { $lt: new MaxKey() } }, options: {} },
    manual: 'Non-existent fields: the comparison treats a non-existent field as it would null.',
    page: 'reference/bson-type-comparison-order',
    covers: (question) => question.kind === 'find' && /"\$m(in|ax)Key"/.test(show(question.filter)),
  },
  {
    name: 'a projection may not name a field and something inside it',
    docs: [{ _id: 0 }],
    question: { kind: 'find', filter: { a: 1 }, options: { projection: { 'a.b': 1, a: 1 } } },
    manual:
      'find and findAndModify() projection can no longer contain both an embedded document and the fields of the embedded document.',
    page: 'release-notes/4.4-compatibility (Path Collision Restrictions)',
    covers: (_question, _docs, ours) => ours.code === 31249 || ours.code === 31250,
  },
  {
    name: 'an update through $[] or $ that finds no array is BadValue',
    docs: [{ _id: 0, a: 0 }],
    question: update({ $set: { 'a.$[]': 1 } }),
    manual:
      'The $[] operator indicates that the update operator should modify all elements in the specified array field.',
    page: 'reference/operator/update/positional-all',
    covers: (question, _docs, ours) => ours.code === 2 && /"[^"]*\.\$(\[\w*\])?[."]/.test(text(question)),
  },
  {
    name: '$push and $addToSet of nothing create the array',
    docs: [{ _id: 0 }],
    question: update({ $push: { a: { $each: [] } } }),
    manual:
      'If the field is absent in the document to update, $push adds the array field with the value as its element.',
    page: 'reference/operator/update/push, likewise addToSet',
    covers: (question) =>
      uses(question, '$push', '$addToSet') && /"\$each":\[\]|"\$slice":\{"\$numberInt":"0"\}/.test(text(question)),
  },
  {
    name: '$unset of what is not there does nothing, also below an array',
    docs: [{ _id: 0, a: [1] }],
    question: update({ $unset: { 'a.c': '' } }),
    manual: 'If the field does not exist, then $unset does nothing (i.e. no operation).',
    page: 'reference/operator/update/unset',
    covers: (question, _docs, ours, theirs) => uses(question, '$unset') && !refused(ours) && refused(theirs),
  },
  {
    name: '$rename into an array is BadValue',
    docs: [{ _id: 0, a: 1, b: [] }],
    question: update({ $rename: { a: 'b.c' } }),
    manual: '$rename does not work on embedded documents in arrays.',
    page: 'reference/operator/update/rename',
    covers: (question, _docs, ours, theirs) =>
      uses(question, '$rename') && (theirs.code === 9 || (theirs.code === 2 && !refused(ours))),
  },
  {
    name: '$pull by a document leaves what is no document',
    docs: [{ _id: 0, a: [''] }],
    question: update({ $pull: { a: {} } }),
    manual:
      'If the specified <value> to remove is a document, $pull removes only the elements in the array that have the exact same fields and values.',
    page: 'reference/operator/update/pull',
    covers: (question) => uses(question, '$pull') && text(question).includes('{}'),
  },
  {
    name: '$rename to the same name is BadValue',
    docs: [{ _id: 0 }],
    question: update({ $rename: { a: 'a' } }),
    manual: 'The new field name must differ from the existing field name.',
    page: 'reference/operator/update/rename',
    covers: (question, _docs, ours, theirs) => uses(question, '$rename') && ours.code === 2 && theirs.code === 40,
  },
  {
    name: '$pop, $pull, $pullAll and $rename of what is not there change nothing on the way to it',
    docs: [{ _id: 0 }],
    question: update({ $pop: { 'a.b': 1 }, $set: { c: 1 } }),
    manual: 'The $pullAll operator removes all instances of the specified values from an existing array.',
    page: 'reference/operator/update/pullAll',
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
    manual: 'The $pop operation fails if the <field> is not an array.',
    page: 'reference/operator/update/pop',
    covers: (question, _docs, ours, theirs) => uses(question, '$pop') && ours.code === 14 && refused(theirs),
  },
  {
    name: 'a path through an array by a name is PathNotViable',
    docs: [{ _id: 0, a: [] }],
    question: update({ $push: { 'a.b': 0 } }),
    manual:
      'To specify or access an element of an array by the zero-based index position, concatenate the array name with the dot (.) and zero-based index position.',
    page: 'core/document (Dot Notation)',
    covers: (question, _docs, ours, theirs) =>
      ours.code === 28 && (theirs.code === 9 || (uses(question, '$rename') && theirs.code !== 28)),
  },
  {
    name: 'fields are added in the order of their names',
    docs: [{ _id: 0 }],
    question: update({ $set: { b: 1 }, $inc: { a: 1 } }),
    manual:
      'Starting in MongoDB 5.0, update operators process document fields with string-based names in lexicographic order.',
    page: 'reference/operator/update (Update Operators Behavior)',
    covers: (_question, _docs, ours, theirs) => unordered(ours) === unordered(theirs),
  },
  {
    name: 'a boolean is not a number to $inc and $mul',
    docs: [{ _id: 0, a: true }],
    question: update({ $inc: { a: 1 } }),
    manual:
      'The $inc operator increments a field by a specified value (of numeric types; other types generate an error).',
    page: 'reference/operator/update/inc',
    covers: (question, _docs, ours) => uses(question, '$inc', '$mul') && ours.code === 14,
  },
  {
    name: '$inc by zero and $mul by one modify nothing',
    docs: [{ _id: 0, a: 1 }],
    question: update({ $inc: { a: 0 } }),
    manual:
      'If the update operation results in no change to the document, e.g. $set expression updates the value to the current value, nModified can be less than n.',
    page: 'reference/command/update (update.nModified)',
    covers: (question, _docs, ours, theirs) => {
      const uncounted = ({ text: answer }: Answer): string => answer.replace(/"modified":\{"\$numberInt":"[01]"\}/, '');
      return uses(question, '$inc', '$mul') && uncounted(ours) === uncounted(theirs);
    },
  },
  {
    name: 'NaN is the least of all numbers to $min and $max',
    docs: [{ _id: 0, a: 3 }],
    question: update({ $min: { a: NaN } }),
    manual:
      '$min uses the BSON comparison order to compare values of different types (NaN is less than any other number).',
    page: 'reference/operator/update/min',
    covers: (question, docs) => uses(question, '$min', '$max') && (text(question) + show(docs)).includes('NaN'),
  },
  {
    name: 'of two mistakes in one update each engine names the one it meets first',
    docs: [{ _id: 0, a: 1 }],
    question: update({ $pop: { 'a.b': 1 }, $inc: { c: 'x' } }),
    manual: 'The manual does not say which of several errors is answered.',
    page: 'reference/operator/update',
    covers: (question, _docs, ours, theirs) =>
      question.kind === 'update' && Object.keys(question.change.update).length > 1 && refused(ours) && refused(theirs),
  },
];
