import { CommandError } from '../errors';
import { isArrayIndex } from '../query/path';

/** A path of an update as written: parts may be `$`, `$[]` or `$[identifier]`. */
export interface UpdatePath {
  readonly text: string;
  readonly parts: readonly string[];
}

/** The identifier of a `$[identifier]` part, the empty string for `$[]`, null for any other part. */
export function arrayIdentifier(part: string): string | null {
  return part.startsWith('$[') && part.endsWith(']') ? part.slice(2, -1) : null;
}

/** True for a part that stands for elements found when the update runs. */
export function isDynamicPart(part: string): boolean {
  return part === '$' || arrayIdentifier(part) !== null;
}

/** Checks a path of an update and takes it apart. */
export function parseUpdatePath(text: string): UpdatePath {
  if (text === '') throw new CommandError(56, 'EmptyFieldName', 'An empty update path is not valid.');
  const parts = text.split('.');
  parts.forEach((part) => {
    if (part === '') {
      throw new CommandError(
        56,
        'EmptyFieldName',
        `The update path '${text}' contains an empty field name, which is not allowed.`,
      );
    }
  });
  if (isDynamicPart(parts[0]!)) {
    throw new CommandError(
      2,
      'BadValue',
      `Cannot have array filter identifier or positional (i.e. '$') element in the first position in path '${text}'`,
    );
  }
  if (parts.filter((part) => part === '$').length > 1) {
    throw new CommandError(2, 'BadValue', `Too many positional (i.e. '$') elements found in path '${text}'`);
  }
  return { text, parts };
}

function comparePart(a: string, b: string): number {
  if (isArrayIndex(a) && isArrayIndex(b)) return Number(a) - Number(b);
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The order MongoDB applies an update's paths in, which decides where new fields go: numbers as numbers, else by bytes. */
export function compareUpdatePaths(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = comparePart(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** What is updated below a place: the whole of it, fields by name, or elements by `$[]` and `$[identifier]`. */
type Below = 'whole' | 'fields' | 'elements';

/** Refuses two updates of one place, of a place and something inside it, or of fields beside array filters (40). */
export class ConflictCheck {
  private readonly seen = new Map<string, Below>();

  add(parts: readonly string[]): void {
    const path = parts.join('.');
    let prefix = '';
    parts.forEach((part, i) => {
      prefix = i === 0 ? part : `${prefix}.${part}`;
      const next = parts[i + 1];
      const below = next === undefined ? 'whole' : arrayIdentifier(next) === null ? 'fields' : 'elements';
      const known = this.seen.get(prefix);
      if (known !== undefined && (known !== below || below === 'whole')) {
        throw new CommandError(
          40,
          'ConflictingUpdateOperators',
          `Updating the path '${path}' would create a conflict at '${prefix}'`,
        );
      }
      this.seen.set(prefix, below);
    });
  }
}
