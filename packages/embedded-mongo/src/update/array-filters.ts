import { Document, isDocument, setField, typeName } from '../bson/values';
import { CommandError } from '../errors';
import { compileFilter } from '../query/matcher';

/** Tells whether an array element is meant by `$[identifier]`. */
export type ArrayFilter = (element: unknown) => boolean;

function failedToParse(message: string): CommandError {
  return new CommandError(9, 'FailedToParse', message);
}

/** The identifiers a filter speaks of: the first parts of its paths, inside $and/$or/$nor too. */
function identifiersOf(filter: Document): Set<string> {
  const found = new Set<string>();
  for (const name of Object.keys(filter)) {
    const operand = filter[name];
    if (!name.startsWith('$')) {
      found.add(name.split('.')[0]!);
    } else if (Array.isArray(operand)) {
      for (const clause of operand as unknown[]) {
        if (isDocument(clause)) for (const identifier of identifiersOf(clause)) found.add(identifier);
      }
    }
  }
  return found;
}

/** Compiles `arrayFilters` into one test per identifier. */
export function compileArrayFilters(filters: readonly unknown[]): Map<string, ArrayFilter> {
  const compiled = new Map<string, ArrayFilter>();
  for (const filter of filters) {
    if (!isDocument(filter)) {
      throw new CommandError(
        14,
        'TypeMismatch',
        `BSON field 'update.updates.arrayFilters' has elements of the wrong type '${typeName(filter)}'`,
      );
    }
    const identifiers = [...identifiersOf(filter)];
    const [identifier] = identifiers;
    if (identifier === undefined) {
      throw failedToParse('Cannot use an expression without a top-level field name in arrayFilters');
    }
    if (identifiers.length > 1) {
      throw failedToParse(
        `Error parsing array filter :: caused by :: Expected a single top-level field name, found '${identifier}' and '${identifiers[1]}'`,
      );
    }
    if (!/^[a-z][a-zA-Z0-9]*$/.test(identifier)) {
      throw new CommandError(
        2,
        'BadValue',
        `Error parsing array filter :: caused by :: The top-level field name must be an alphanumeric string beginning with a lowercase letter, found '${identifier}'`,
      );
    }
    if (compiled.has(identifier)) {
      throw failedToParse(`Found multiple array filters with the same top-level field name ${identifier}`);
    }
    const matches = compileFilter(filter);
    compiled.set(identifier, (element) => {
      const wrapped: Document = {};
      setField(wrapped, identifier, element);
      return matches(wrapped);
    });
  }
  return compiled;
}
