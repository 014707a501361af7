import { Long } from 'bson';
import { Document, fieldsOf, getField, isDocument, isNullish, setField, typeName } from '../bson/values';
import { CommandError } from '../errors';
import { splitPath } from '../query/path';

function fail(code: number, message: string): CommandError {
  return new CommandError(code, `Location${code}`, message);
}

/** A field path in an option of a stage, as parts. */
export function fieldPath(text: string): string[] {
  const parts = splitPath(text);
  if (parts.some((part) => part === '')) throw fail(40353, 'FieldPath field names may not be empty strings.');
  if (parts.some((part) => part.startsWith('$'))) throw fail(16410, "FieldPath field names may not start with '$'.");
  return parts;
}

/** The value at a path that leads through documents only. */
export function plainValue(document: Document, parts: readonly string[]): unknown {
  let value: unknown = document;
  for (const part of parts) value = isDocument(value) ? getField(fieldsOf(value), part) : undefined;
  return value;
}

/** The document with another value at a path through documents; undefined removes the field. */
export function withValue(document: Document, [part, ...rest]: readonly string[], value: unknown): Document {
  const result = { ...document };
  if (part === undefined) return result;
  const inner = getField(document, part);
  const next = rest.length === 0 ? value : withValue(isDocument(inner) ? fieldsOf(inner) : {}, rest, value);
  if (next === undefined) delete result[part];
  else setField(result, part, next);
  return result;
}

function optionsOf(spec: unknown): { path: string; indexField: string | undefined; preserve: boolean } {
  const options: Document = typeof spec === 'string' ? { path: spec } : isDocument(spec) ? spec : {};
  if (typeof spec !== 'string' && !isDocument(spec)) {
    throw fail(
      15981,
      `expected either a string or an object as specification for $unwind stage, got ${typeName(spec)}`,
    );
  }
  const { path, includeArrayIndex: indexField, preserveNullAndEmptyArrays: preserve, ...others } = options;
  const [unknownName] = Object.keys(others);
  if (unknownName !== undefined) throw fail(28811, `unrecognized option to $unwind stage: ${unknownName}`);
  if (path === undefined) throw fail(28812, 'no path specified to $unwind stage');
  if (typeof path !== 'string')
    throw fail(28808, `expected a string as the path for $unwind stage, got ${typeName(path)}`);
  if (!path.startsWith('$')) throw fail(28818, `path option to $unwind stage should be prefixed with a '$': ${path}`);
  if (preserve !== undefined && typeof preserve !== 'boolean')
    throw fail(28809, 'expected a boolean for the preserveNullAndEmptyArrays option to $unwind stage');
  if (indexField !== undefined && (typeof indexField !== 'string' || indexField === ''))
    throw fail(28810, 'expected a non-empty string for the includeArrayIndex option to $unwind stage');
  if (indexField?.startsWith('$'))
    throw fail(28822, "includeArrayIndex option to $unwind stage should not be prefixed with a '$'");
  return { path, indexField, preserve: preserve ?? false };
}

/** Compiles `$unwind`: one document per array element; a value that is no array counts as its only element. */
export function compileUnwind(spec: unknown): (docs: Iterable<Document>) => Generator<Document> {
  const { path, indexField, preserve } = optionsOf(spec);
  const parts = fieldPath(path.slice(1));
  const indexParts = indexField === undefined ? undefined : fieldPath(indexField);
  const numbered = (doc: Document, index: number | null): Document =>
    indexParts ? withValue(doc, indexParts, index === null ? null : Long.fromNumber(index)) : doc;
  return function* (docs) {
    for (const doc of docs) {
      const value = plainValue(doc, parts);
      if (Array.isArray(value) && value.length > 0) {
        for (const [i, element] of (value as unknown[]).entries()) yield numbered(withValue(doc, parts, element), i);
      } else if (Array.isArray(value)) {
        if (preserve) yield numbered(withValue(doc, parts, undefined), null);
      } else if (!isNullish(value) || preserve) {
        yield numbered(doc, null);
      }
    }
  };
}
