import { codePoints, isWellFormed } from './text';

const MAX_KEYS = 20;
const MAX_STRING_CODE_POINTS = 500;
const MAX_BYTES = 4096;
const KEY = /^[A-Za-z0-9_-]{1,64}$/;

/** @returns whether a metadata value is one that the contract allows (section 2). */
function isFlatValue(value: unknown): boolean {
  if (value === null || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'string' && isWellFormed(value) && codePoints(value) <= MAX_STRING_CODE_POINTS;
}

/**
 * @returns whether `value` is metadata as contract 2 has it: a flat object of at most 20 keys and 4 KB in all.
 * `__proto__` is refused although its letters are allowed: assigning it would change the object's prototype. The other
 * reserved keys (`_bsontype`…) are refused for every input.
 */
export function isFlatMetadata(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  if (entries.length > MAX_KEYS) return false;
  if (!entries.every(([key, entry]) => key !== '__proto__' && KEY.test(key) && isFlatValue(entry))) return false;
  return Buffer.byteLength(JSON.stringify(value), 'utf8') <= MAX_BYTES;
}
