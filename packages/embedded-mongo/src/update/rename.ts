import { Document, typeName } from '../bson/values';
import { CommandError } from '../errors';
import { checkViable, locate, removeAt, setAt, valueAtTarget } from './target';
import { isDynamicPart, parseUpdatePath, UpdatePath } from './update-path';

/** A compiled $rename of one field. */
export interface Rename {
  readonly from: UpdatePath;
  readonly to: UpdatePath;
  apply(document: Document): void;
}

function badValue(message: string): CommandError {
  return new CommandError(2, 'BadValue', message);
}

function crossesArray(document: Document, parts: readonly string[]): boolean {
  return parts.some((_part, i) => {
    const prefix = parts.slice(0, i);
    return prefix.length > 0 && Array.isArray(valueAtTarget(locate(document, prefix), prefix));
  });
}

function refuseArray(document: Document, path: UpdatePath, role: string): void {
  if (crossesArray(document, path.parts))
    throw badValue(`The ${role} field cannot be an array element, '${path.text}'`);
}

/** Compiles the renaming of one field; neither path may lead into an array. */
export function compileRename(source: string, operand: unknown): Rename {
  if (typeof operand !== 'string')
    throw badValue(`The 'to' field for $rename must be a string: ${source}: <${typeName(operand)}>`);
  if (source === operand) throw badValue(`The source and target field for $rename must differ: ${source}`);
  const from = parseUpdatePath(source);
  const to = parseUpdatePath(operand);
  if (from.parts.some(isDynamicPart)) throw badValue(`The source field for $rename may not be dynamic: ${source}`);
  if (to.parts.some(isDynamicPart)) throw badValue(`The destination field for $rename may not be dynamic: ${operand}`);
  return {
    from,
    to,
    apply: (document) => {
      const source = locate(document, from.parts);
      checkViable(source, from.parts, false);
      if (!source.exists) return;
      refuseArray(document, from, 'source');
      refuseArray(document, to, 'destination');
      setAt(locate(document, to.parts), to.parts, valueAtTarget(source, from.parts));
      removeAt(source, from.parts);
    },
  };
}
