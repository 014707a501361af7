import { Document, getField, isDocument, setField, typeName } from '../bson/values';
import { CommandError } from '../errors';
import { isArrayIndex } from '../query/path';

/** Arrays are filled with nulls up to an index that is set; MongoDB allows this many. */
const MAX_BACKFILL = 1_500_000;

/** The deepest existing container on the way to a path. */
export interface Target {
  container: Document | unknown[];
  /** The index of the first part that does not exist in the container; the last one if all before it do. */
  at: number;
  exists: boolean;
}

/** The value of a container's field or element; undefined if missing. */
export function childOf(container: Document | unknown[], part: string): unknown {
  if (!Array.isArray(container)) return getField(container, part);
  return isArrayIndex(part) ? container[Number(part)] : undefined;
}

/** True for what has fields or elements. */
export function isContainer(value: unknown): value is Document | unknown[] {
  return Array.isArray(value) || isDocument(value);
}

/** Walks as far as the path exists. The documents walked must be copies without DBRefs (`cloneDocument`). */
export function locate(document: Document, parts: readonly string[]): Target {
  let container: Document | unknown[] = document;
  for (let at = 0; ; at++) {
    const value = childOf(container, parts[at]!);
    if (at === parts.length - 1 || value === undefined) return { container, at, exists: value !== undefined };
    if (!isContainer(value)) return { container, at, exists: false };
    container = value;
  }
}

/** The value a located path has, undefined if missing. */
export function valueAtTarget(target: Target, parts: readonly string[]): unknown {
  return target.exists ? childOf(target.container, parts[target.at]!) : undefined;
}

/** The part of a path that can not be created because a scalar, or an array without that field, is in its way. */
function obstacle(target: Target, parts: readonly string[]): { part: string; holder: string; type: string } | null {
  const part = parts[target.at]!;
  if (Array.isArray(target.container) && !isArrayIndex(part)) {
    return { part, holder: parts[target.at - 1] ?? '', type: 'array' };
  }
  const value = childOf(target.container, part);
  if (value === undefined || target.at === parts.length - 1) return null;
  return { part: parts[target.at + 1]!, holder: part, type: typeName(value) };
}

/** Refuses a path that could not be created (28). Values stay out of messages: they may be someone's words. */
export function checkViable(target: Target, parts: readonly string[], creating: boolean): void {
  const found = obstacle(target, parts);
  if (found === null) return;
  const { part, holder, type } = found;
  const message = creating
    ? `Cannot create field '${part}' in element {${holder}: <${type}>}`
    : `Cannot use the part (${part}) of (${parts.join('.')}) to traverse the element ({${holder}: <${type}>})`;
  throw new CommandError(28, 'PathNotViable', message);
}

function put(container: Document | unknown[], part: string, value: unknown): void {
  if (!Array.isArray(container)) return setField(container, part, value);
  const index = Number(part);
  if (index - container.length > MAX_BACKFILL) {
    throw new CommandError(2, 'BadValue', `can't backfill more than ${MAX_BACKFILL} elements`);
  }
  while (container.length < index) container.push(null);
  container[index] = value;
}

/** Sets the value of a located path, creating the documents on its way. */
export function setAt(target: Target, parts: readonly string[], value: unknown): void {
  if (!target.exists) checkViable(target, parts, true);
  let nested = value;
  for (let i = parts.length - 1; i > target.at; i--) {
    const wrapper: Document = {};
    setField(wrapper, parts[i]!, nested);
    nested = wrapper;
  }
  put(target.container, parts[target.at]!, nested);
}

/** Removes a located field; an array element becomes null so that the others keep their places. */
export function removeAt(target: Target, parts: readonly string[]): void {
  if (!target.exists) return;
  const part = parts[target.at]!;
  if (Array.isArray(target.container)) target.container[Number(part)] = null;
  else delete target.container[part];
}
