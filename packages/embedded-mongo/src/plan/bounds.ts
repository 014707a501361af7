import { TypeOrder, typeOrderOf } from '../bson/compare';
import { encodeKey } from '../bson/keystring';
import { afterPrefix, type KeySpan } from '../storage/storage';
import type { Predicate } from './predicates';

/** The first bytes that comparable values start with; NaN (20) compares with nothing, so numbers begin behind it. */
function bracket(value: unknown): { low: number; high: number } {
  const order = typeOrderOf(value);
  return order === TypeOrder.number ? { low: 21, high: 26 } : { low: order, high: order + 1 };
}

function concat(prefix: Buffer, suffix: Buffer | readonly number[]): Buffer {
  return Buffer.concat([prefix, Buffer.from(suffix)]);
}

/** The span of keys behind `prefix` that one or two range predicates of one field allow. */
export function rangeSpan(prefix: Buffer, predicates: readonly Predicate[], direction: 1 | -1): KeySpan | undefined {
  const first = predicates[0];
  if (!first) return undefined;
  const { low, high } = bracket(first.values[0]);
  // A descending field is inverted: the brackets swap, and so do the two ends of every predicate.
  let start = concat(prefix, direction === 1 ? [low] : [0x100 - high]);
  let end = concat(prefix, direction === 1 ? [high] : [0x100 - low]);
  for (const predicate of predicates) {
    const key = concat(prefix, encodeKey([predicate.values[0]], [direction]));
    const ascending = direction === 1;
    const lower = predicate.op === 'gt' || predicate.op === 'gte';
    const inclusive = predicate.op === 'gte' || predicate.op === 'lte';
    if (lower === ascending) {
      const from = inclusive ? key : afterPrefix(key);
      if (from.compare(start) > 0) start = from;
    } else {
      const to = inclusive ? afterPrefix(key) : key;
      if (to.compare(end) < 0) end = to;
    }
  }
  return { start, end };
}

/** Each prefix extended by each of the values. */
export function extendPrefixes(prefixes: readonly Buffer[], values: readonly unknown[], direction: 1 | -1): Buffer[] {
  const encoded = values.map((value) => encodeKey([value], [direction]));
  return prefixes.flatMap((prefix) => encoded.map((suffix) => Buffer.concat([prefix, suffix])));
}

/** Sorts spans by their start and drops duplicates, as `$in` may repeat a value. */
export function normalise(spans: readonly KeySpan[]): KeySpan[] {
  const sorted = [...spans].sort((a, b) => a.start.compare(b.start));
  return sorted.filter((span, i) => {
    const previous = sorted[i - 1];
    return span.start.compare(span.end) < 0 && !(previous && previous.start.equals(span.start));
  });
}
