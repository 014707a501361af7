import { Int32 } from 'bson';
import { compareValues } from '../bson/compare';
import { encodeValue } from '../bson/keystring';
import { addOrDouble, divideNumbers } from '../bson/numbers';
import { isDocument, isNumber, type Document } from '../bson/values';
import { commandError } from '../errors';
import { compileExpression, type Expression } from '../query/expression';
import { StageMemory } from './memory';

interface Accumulator {
  add(value: unknown): void;
  result(): unknown;
}

class Sum implements Accumulator {
  private total: unknown = new Int32(0);
  add(value: unknown): void {
    if (isNumber(value)) this.total = addOrDouble(this.total, value);
  }
  result(): unknown {
    return this.total;
  }
}

class Average implements Accumulator {
  private total: unknown = new Int32(0);
  private count = 0;
  add(value: unknown): void {
    if (!isNumber(value)) return;
    this.total = addOrDouble(this.total, value);
    this.count++;
  }
  result(): unknown {
    return this.count === 0 ? null : divideNumbers(this.total, new Int32(this.count));
  }
}

class Edge implements Accumulator {
  private value: unknown = undefined;
  private seen = false;
  constructor(private readonly last: boolean) {}
  add(value: unknown): void {
    if (this.seen && !this.last) return;
    this.seen = true;
    this.value = value;
  }
  result(): unknown {
    return this.value ?? null;
  }
}

class Extreme implements Accumulator {
  private value: unknown = undefined;
  constructor(private readonly sign: 1 | -1) {}
  add(value: unknown): void {
    if (value === undefined || value === null) return;
    if (this.value === undefined || compareValues(value, this.value) * this.sign > 0) this.value = value;
  }
  result(): unknown {
    return this.value ?? null;
  }
}

class Push implements Accumulator {
  private readonly values: unknown[] = [];
  private readonly keys = new Set<string>();
  constructor(
    private readonly unique: boolean,
    private readonly memory: StageMemory,
  ) {}
  add(value: unknown): void {
    if (value === undefined) return;
    if (this.unique) {
      const key = encodeValue(value).toString('latin1');
      if (this.keys.has(key)) return;
      this.keys.add(key);
    }
    this.memory.keep(value);
    this.values.push(value);
  }
  result(): unknown {
    return this.values;
  }
}

const accumulators: Readonly<Record<string, (memory: StageMemory) => Accumulator>> = {
  $sum: () => new Sum(),
  $avg: () => new Average(),
  $first: () => new Edge(false),
  $last: () => new Edge(true),
  $min: () => new Extreme(-1),
  $max: () => new Extreme(1),
  $push: (memory) => new Push(false, memory),
  $addToSet: (memory) => new Push(true, memory),
};

interface Column {
  readonly name: string;
  readonly create: (memory: StageMemory) => Accumulator;
  readonly expression: Expression;
}

function compileColumn(name: string, spec: unknown): Column {
  if (name.includes('.') || name.startsWith('$')) {
    throw commandError('BadValue', `The field name '${name}' cannot be used in $group`);
  }
  const entries = isDocument(spec) ? Object.entries(spec) : [];
  const [entry] = entries;
  if (!entry || entries.length !== 1) {
    throw commandError('BadValue', `The field '${name}' must be an accumulator object`);
  }
  const [operator, operand] = entry;
  if (operator === '$count') return { name, create: () => new Sum(), expression: () => new Int32(1) };
  const create = Object.hasOwn(accumulators, operator) ? accumulators[operator] : undefined;
  if (!create) throw commandError('InvalidPipelineOperator', `unknown group operator '${operator}'`);
  return { name, create, expression: compileExpression(operand) };
}

/** Compiles a `$group` stage. */
export function compileGroup(spec: unknown): (docs: Iterable<Document>) => Document[] {
  if (!isDocument(spec)) throw commandError('BadValue', "a group's fields must be specified in an object");
  if (!Object.hasOwn(spec, '_id')) throw commandError('BadValue', 'a group specification must include an _id');
  const idOf = compileExpression(spec['_id']);
  const columns = Object.keys(spec)
    .filter((name) => name !== '_id')
    .map((name) => compileColumn(name, spec[name]));
  return (docs) => {
    const groups = new Map<string, { id: unknown; cells: Accumulator[] }>();
    const memory = new StageMemory();
    for (const doc of docs) {
      const id = idOf(doc) ?? null;
      const key = encodeValue(id).toString('latin1');
      let group = groups.get(key);
      if (!group) {
        group = { id, cells: columns.map((column) => column.create(memory)) };
        memory.keep(id);
        groups.set(key, group);
      }
      for (let i = 0; i < columns.length; i++) group.cells[i]?.add(columns[i]?.expression(doc));
    }
    return [...groups.values()].map(({ id, cells }) => {
      const out: Document = { _id: id };
      columns.forEach((column, i) => (out[column.name] = cells[i]?.result()));
      return out;
    });
  };
}
