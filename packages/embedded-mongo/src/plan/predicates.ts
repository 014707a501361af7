import { bsonTypeOf, BsonType, isDocument, bsonTag, isNumber, type Document } from '../bson/values';

/** One condition of a filter that can bound an index. */
export interface Predicate {
  readonly path: string;
  readonly op: 'eq' | 'in' | 'gt' | 'gte' | 'lt' | 'lte';
  readonly values: readonly unknown[];
  /** The `$elemMatch` it stands in: its conditions hold for one and the same array element. */
  readonly element: number | undefined;
}

/** A filter taken apart: everything in it holds at once. */
export interface Conjunction {
  readonly predicates: readonly Predicate[];
  /** The branches of each `$or`. */
  readonly ors: readonly (readonly Document[])[];
  /** True when the predicates say all that the filter says (apart from `ors`). */
  readonly complete: boolean;
}

const ARRAY_PLACE = /(?:^|\.)\d+(?:\.|$)/;
const RANGE_OPS: Readonly<Record<string, Predicate['op']>> = { $gt: 'gt', $gte: 'gte', $lt: 'lt', $lte: 'lte' };

function isOperatorObject(value: unknown): value is Document {
  if (!isDocument(value) || bsonTag(value) !== null) return false;
  return Object.keys(value)[0]?.startsWith('$') === true;
}

/** Values whose matches all lie at one index key. Arrays match their elements too, regexes match strings. */
function isPoint(value: unknown): boolean {
  const type = bsonTypeOf(value);
  return type !== BsonType.array && type !== BsonType.regex && type !== BsonType.undefined;
}

const RANGE_TYPES: ReadonlySet<number> = new Set([
  BsonType.string,
  BsonType.binData,
  BsonType.objectId,
  BsonType.bool,
  BsonType.date,
  BsonType.timestamp,
]);

function isRangeBound(value: unknown): boolean {
  if (isNumber(value)) return !Number.isNaN(Number(String(value)));
  return RANGE_TYPES.has(bsonTypeOf(value));
}

/** Values that an index keeps exactly as the matcher compares them. */
export function isExact(value: unknown): boolean {
  return isNumber(value) ? isRangeBound(value) : RANGE_TYPES.has(bsonTypeOf(value));
}

class Collector {
  readonly predicates: Predicate[] = [];
  readonly ors: Document[][] = [];
  complete = true;
  private elements = 0;

  filter(filter: Document, prefix: string, element: number | undefined): void {
    for (const [name, value] of Object.entries(filter)) {
      if (name === '$and' && Array.isArray(value)) {
        for (const part of value) this.filter(part as Document, prefix, element);
      } else if (name === '$or' && Array.isArray(value) && prefix === '') {
        this.ors.push(value as Document[]);
      } else if (name === '$comment') {
        continue;
      } else if (name.startsWith('$')) {
        this.complete = false;
      } else {
        this.field(prefix + name, value, element);
      }
    }
  }

  private field(path: string, value: unknown, element: number | undefined): void {
    if (!isOperatorObject(value)) return this.add(path, 'eq', [value], element);
    for (const [op, operand] of Object.entries(value)) {
      const range = RANGE_OPS[op];
      if (op === '$eq') this.add(path, 'eq', [operand], element);
      else if (op === '$in' && Array.isArray(operand)) this.add(path, 'in', operand, element);
      else if (range) this.add(path, range, [operand], element);
      else if (op === '$elemMatch' && isDocument(operand)) this.elemMatch(path, operand);
      else this.complete = false;
    }
  }

  private elemMatch(path: string, operand: Document): void {
    this.complete = false;
    // At a place in an array the index holds the elements of what stands there: no bounds from the conditions on them.
    if (ARRAY_PLACE.test(path)) return;
    const element = ++this.elements;
    if (isOperatorObject(operand)) {
      if (Object.keys(operand).every((op) => op in RANGE_OPS || op === '$eq' || op === '$in')) {
        this.field(path, operand, element);
      }
    } else {
      this.filter(operand, `${path}.`, element);
    }
  }

  private add(path: string, op: Predicate['op'], values: readonly unknown[], element: number | undefined): void {
    const usable = op === 'eq' || op === 'in' ? values.every(isPoint) : values.every(isRangeBound);
    if (!usable) this.complete = false;
    else this.predicates.push({ path, op, values, element });
  }
}

/** Takes a filter apart into what an index can be bounded by and the rest. */
export function analyse(filter: Document): Conjunction {
  const collector = new Collector();
  collector.filter(filter, '', undefined);
  return collector;
}
