import { Document, isDocument, typeName } from '../bson/values';
import { CommandError, commandError } from '../errors';
import { isRegex } from '../query/element-tests';
import { valuesAt } from '../query/path';
import { fieldPath, withValue } from './unwind';
import type { PipelineSource, Stage } from './stage';

const OPTIONS: ReadonlySet<string> = new Set(['from', 'localField', 'foreignField', 'as', 'pipeline', 'let']);

function optionOf(spec: Document, name: string): string {
  const value = spec[name];
  if (typeof value === 'string') return value;
  if (value === undefined) throw commandError('FailedToParse', `must specify '${name}' field for a $lookup`);
  throw commandError('FailedToParse', `$lookup argument '${name}' must be a string, found type: ${typeName(value)}`);
}

/** What a local field is joined by: its value, or each element of an array on its path; a missing one is null. */
function localValues(doc: Document, path: string): unknown[] {
  const found = valuesAt(doc, path);
  const values = found.filter((value) => value !== undefined && (!Array.isArray(value) || found.length === 1));
  return values.length === 0 || (values.length === 1 && Array.isArray(values[0])) ? [null] : values;
}

/** Equality with one of the values; a regular expression is a value here, not a pattern. */
function anyOf(path: string, values: readonly unknown[]): Document {
  const plain = values.filter((value) => !isRegex(value));
  const patterns = values.filter(isRegex).map((value) => ({ [path]: { $eq: value } }));
  return patterns.length === 0 ? { [path]: { $in: plain } } : { $or: [{ [path]: { $in: plain } }, ...patterns] };
}

/**
 * Compiles `$lookup` by equality of two fields, with an optional pipeline behind it. Each document is one query of the
 * foreign collection, which uses an index on the foreign field.
 */
export function compileLookup(spec: unknown, compileStages: (stages: unknown) => Stage): Stage {
  if (!isDocument(spec)) throw commandError('FailedToParse', 'the $lookup specification must be an Object');
  const unknownName = Object.keys(spec).find((name) => !OPTIONS.has(name));
  if (unknownName !== undefined) throw commandError('FailedToParse', `unknown argument to $lookup: ${unknownName}`);
  if (spec['let'] !== undefined || spec['localField'] === undefined || spec['foreignField'] === undefined) {
    throw commandError('CommandNotSupported', "this store supports $lookup with 'localField' and 'foreignField' only");
  }
  const from = optionOf(spec, 'from');
  const local = optionOf(spec, 'localField');
  const foreign = optionOf(spec, 'foreignField');
  fieldPath(local);
  fieldPath(foreign);
  const as = fieldPath(optionOf(spec, 'as'));
  const rest = spec['pipeline'] === undefined ? undefined : compileStages(spec['pipeline']);
  const joined = (doc: Document, source: PipelineSource): Document[] => {
    const found = source.find(from, anyOf(foreign, localValues(doc, local)));
    return [...(rest ? rest(found, source) : found)];
  };
  return function* (docs, source) {
    for (const doc of docs) yield withValue(doc, as, joined(doc, source));
  };
}

/** Compiles `$facet`: several pipelines over the same documents. */
export function compileFacet(spec: unknown, compileStages: (stages: unknown) => Stage): Stage {
  if (!isDocument(spec) || Object.keys(spec).length === 0) {
    throw new CommandError(40169, 'Location40169', 'the $facet specification must be a non-empty object');
  }
  const facets = Object.entries(spec).map(([name, stages]) => {
    if (!Array.isArray(stages)) {
      throw new CommandError(
        40170,
        'Location40170',
        `arguments to $facet must be arrays, ${name} is type ${typeName(stages)}`,
      );
    }
    fieldPath(name);
    if (stages.some((stage) => isDocument(stage) && Object.hasOwn(stage, '$facet'))) {
      throw new CommandError(40600, 'Location40600', '$facet is not allowed to be used within a $facet stage');
    }
    return { name, run: compileStages(stages) };
  });
  return (docs, source) => {
    const input = [...docs];
    return [Object.fromEntries(facets.map(({ name, run }) => [name, [...run(input, source)]]))];
  };
}
