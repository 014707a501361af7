import { isUserId } from './validation/decorators';
import { isBlank, isWellFormed } from './validation/text';

const NAME_MAX = 200;

/** @returns visible, well-formed text, cut to what the directory keeps; undefined for anything else. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && !isBlank(value) && isWellFormed(value)
    ? Array.from(value).slice(0, NAME_MAX).join('')
    : undefined;

/** @returns a user id as we write it: siblings send text or a non-negative integer; undefined for anything else. */
export function userIdOf(value: unknown): string | undefined {
  const id = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? String(value) : value;
  return isUserId(id) ? id : undefined;
}

/** @returns "first last", of what there is of the two. */
export const fullNameOf = (first: unknown, last: unknown): string | undefined =>
  textOf([textOf(first), textOf(last)].filter(Boolean).join(' '));
