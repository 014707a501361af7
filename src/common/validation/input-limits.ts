import type { FieldError } from '../errors/domain-error';

/** Deepest nesting of an input; deeper ones overflow the stack of class-transformer (reliability trap 5). */
const MAX_DEPTH = 10;
/** Object keys of an input, counted over all levels. */
const MAX_KEYS = 200;

/**
 * class-transformer and class-validator read these of what they walk, the store's driver the last one: an own key of
 * that name would mislead them.
 */
const RESERVED_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype', '_bsontype']);

const maxKeysOf = new WeakMap<object, number>();

/** Raises the number of keys (all levels together) that one dto class accepts; for bulk calls only. */
export const MaxInputKeys =
  (keys: number): ClassDecorator =>
  (target) => {
    maxKeysOf.set(target, keys);
  };

const nullable = new WeakSet<object>();

/** For a dto whose fields may be null with a meaning: it takes the value away. Elsewhere null is the same as nothing. */
export const KeepsNull = (): ClassDecorator => (target) => {
  nullable.add(target);
};

/** Takes the fields that are null off an accepted input, unless null has a meaning for the dto. */
export function dropNulls(accepted: Record<string, unknown>, target: object): Record<string, unknown> {
  if (nullable.has(target)) return accepted;
  for (const [field, value] of Object.entries(accepted)) if (value === null) delete accepted[field];
  return accepted;
}

/** @returns whether `value` is an object as JSON or a query string makes it; buffers, dates and arrays are not. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * Checks the shape of an input before any library walks it. Iterative: nesting must not cost stack.
 * @param root the input as parsed
 * @param target the dto class, which may have raised its limit of keys
 * @returns the first breach, or undefined
 */
export function shapeError(root: Record<string, unknown>, target: object | undefined): FieldError | undefined {
  const maxKeys = (target && maxKeysOf.get(target)) ?? MAX_KEYS;
  let keys = 0;
  const open: { value: object; depth: number; top: string }[] = [{ value: root, depth: 1, top: '' }];
  for (let item = open.pop(); item; item = open.pop()) {
    const { value, depth } = item;
    if (depth > MAX_DEPTH) return { field: item.top, message: `must not be nested deeper than ${MAX_DEPTH} levels` };
    const list = Array.isArray(value);
    for (const [key, child] of Object.entries(value) as [string, unknown][]) {
      const top = item.top || key;
      if (!list && ++keys > maxKeys)
        return { field: top, message: `the input must not have more than ${maxKeys} keys` };
      // class-transformer drops them before anybody sees that they are no fields.
      if (depth === 1 && key in Object.prototype && !RESERVED_KEYS.has(key)) {
        return { field: top, message: 'is not a known field' };
      }
      if (RESERVED_KEYS.has(key)) return { field: top, message: 'must not use a reserved key' };
      if (typeof child !== 'object' || child === null) continue;
      if (!Array.isArray(child) && !isPlainObject(child)) return { field: top, message: 'must be JSON' };
      open.push({ value: child, depth: depth + 1, top });
    }
  }
  return undefined;
}
