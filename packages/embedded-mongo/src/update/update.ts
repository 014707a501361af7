import { valuesEqual } from '../bson/compare';
import { identical } from '../bson/identical';
import { cloneDocument, Document, getField, isDocument, setField, typeName } from '../bson/values';
import { CommandError } from '../errors';
import { compileMatcher, MatchDetails, Matcher } from '../query/matcher';
import { ArrayFilter, compileArrayFilters } from './array-filters';
import type { FieldOperator } from './field-operator';
import { operators } from './operators';
import { compilePipelineUpdate } from './pipeline-update';
import { compileRename, Rename } from './rename';
import { checkViable, childOf, isContainer, locate, removeAt, setAt, valueAtTarget } from './target';
import { arrayIdentifier, compareUpdatePaths, ConflictCheck, parseUpdatePath, UpdatePath } from './update-path';

export { seedFromFilter } from './seed';

/** What an update knows about the document it is applied to. */
export interface UpdateContext {
  readonly isInsert: boolean;
  readonly now: Date;
  /** The index the positional `$` stands for; found by the filter when not given. */
  readonly matchedArrayIndex?: number;
}

/** The outcome for one document; `doc` is a new document, the one given stays as it was. */
export interface UpdateOutcome {
  doc: Document;
  modified: boolean;
}

/** A compiled update, applicable to any number of documents. */
export interface CompiledUpdate {
  readonly isReplacement: boolean;
  apply(doc: Document, context: UpdateContext): UpdateOutcome;
}

/** What may accompany an update; the filter finds the element that the positional `$` means. */
export interface UpdateOptions {
  readonly arrayFilters?: readonly Document[];
  readonly filter?: Document;
}

interface Step {
  readonly path: UpdatePath;
  readonly action: { kind: 'field'; operator: FieldOperator } | { kind: 'rename'; rename: Rename };
}

function failedToParse(message: string): CommandError {
  return new CommandError(9, 'FailedToParse', message);
}

function immutableId(message: string): CommandError {
  return new CommandError(66, 'ImmutableField', message);
}

function compileSteps(update: Document): Step[] {
  const steps: Step[] = [];
  for (const name of Object.keys(update)) {
    const compile = operators.get(name);
    if (compile === undefined && name !== '$rename') {
      throw failedToParse(
        `Unknown modifier: ${name}. Expected a valid update modifier or pipeline-style update specified as an array`,
      );
    }
    const fields = update[name];
    if (!isDocument(fields)) {
      throw failedToParse(
        `Modifiers operate on fields but we found type ${typeName(fields)} instead. For example: {$mod: {<field>: ...}} not {${name}: <${typeName(fields)}>}`,
      );
    }
    for (const text of Object.keys(fields)) {
      const operand = fields[text];
      if (compile) {
        steps.push({ path: parseUpdatePath(text), action: { kind: 'field', operator: compile(operand, text) } });
      } else {
        const rename = compileRename(text, operand);
        steps.push({ path: rename.to, action: { kind: 'rename', rename } });
      }
    }
  }
  return steps;
}

/** Fails early on what conflicts whatever the documents hold. */
function checkStaticConflicts(steps: readonly Step[]): void {
  const check = new ConflictCheck();
  for (const { path, action } of steps) {
    if (action.kind === 'rename') check.add(action.rename.from.parts);
    check.add(path.parts);
  }
}

function checkIdentifiers(steps: readonly Step[], filters: ReadonlyMap<string, ArrayFilter>): void {
  const used = new Set<string>();
  for (const { path } of steps) {
    for (const part of path.parts) {
      const identifier = arrayIdentifier(part);
      if (identifier === null || identifier === '') continue;
      used.add(identifier);
      if (filters.has(identifier)) continue;
      throw new CommandError(
        2,
        'BadValue',
        `No array filter found for identifier '${identifier}' in path '${path.text}'`,
      );
    }
  }
  for (const identifier of filters.keys()) {
    if (!used.has(identifier))
      throw failedToParse(`The array filter for identifier '${identifier}' was not used in the update`);
  }
}

/** Turns `$`, `$[]` and `$[identifier]` into the indexes they mean in one document. */
class PathResolver {
  constructor(
    private readonly filters: ReadonlyMap<string, ArrayFilter>,
    private readonly position: () => number | null,
  ) {}

  resolve(document: Document, path: UpdatePath): string[][] {
    let resolved: { parts: string[]; value: unknown }[] = [{ parts: [], value: document }];
    for (const part of path.parts) resolved = resolved.flatMap((each) => this.step(each, part, path));
    return resolved.map(({ parts }) => parts);
  }

  private step(
    { parts, value }: { parts: string[]; value: unknown },
    part: string,
    path: UpdatePath,
  ): { parts: string[]; value: unknown }[] {
    if (part === '$') {
      const index = this.position();
      if (index === null) {
        throw new CommandError(2, 'BadValue', 'The positional operator did not find the match needed from the query.');
      }
      return [descend(parts, value, String(index))];
    }
    const identifier = arrayIdentifier(part);
    if (identifier === null) return [descend(parts, value, part)];
    if (value === undefined) {
      throw new CommandError(
        2,
        'BadValue',
        `The path '${parts.join('.')}' must exist in the document in order to apply array updates.`,
      );
    }
    if (!Array.isArray(value)) {
      const message = `Cannot apply array updates to non-array element ${parts.at(-1) ?? path.text}: <${typeName(value)}>`;
      throw new CommandError(2, 'BadValue', message);
    }
    const filter = identifier === '' ? undefined : this.filters.get(identifier);
    return (value as unknown[]).flatMap((element, i) =>
      filter === undefined || filter(element) ? [{ parts: [...parts, String(i)], value: element }] : [],
    );
  }
}

function descend(parts: string[], value: unknown, part: string): { parts: string[]; value: unknown } {
  return { parts: [...parts, part], value: isContainer(value) ? childOf(value, part) : undefined };
}

function applyField(
  document: Document,
  parts: readonly string[],
  operator: FieldOperator,
  context: UpdateContext,
): void {
  if (operator.onInsertOnly && !context.isInsert) return;
  const target = locate(document, parts);
  if (!target.exists && operator.onMissing !== 'create') {
    if (operator.onMissing === 'skip') checkViable(target, parts, false);
    return;
  }
  // A scalar in the way is an error before the operator looks at a value that is not there.
  if (!target.exists) checkViable(target, parts, true);
  const current = valueAtTarget(target, parts);
  const next = operator.apply(current, { now: context.now, path: parts.join('.') });
  if (next === undefined) removeAt(target, parts);
  else if (next !== current) setAt(target, parts, next);
}

class OperatorUpdate implements CompiledUpdate {
  readonly isReplacement = false;
  private readonly steps: readonly Step[];
  private readonly filters: ReadonlyMap<string, ArrayFilter>;
  private readonly matcher: Matcher | null;
  private readonly isDynamic: boolean;

  constructor(update: Document, options: UpdateOptions) {
    this.steps = compileSteps(update).sort((a, b) => compareUpdatePaths(a.path.parts, b.path.parts));
    checkStaticConflicts(this.steps);
    this.filters = compileArrayFilters(options.arrayFilters ?? []);
    checkIdentifiers(this.steps, this.filters);
    this.isDynamic = this.steps.some(({ path }) => path.text.includes('$'));
    const positional = this.steps.some(({ path }) => path.parts.includes('$'));
    this.matcher = positional ? compileMatcher(options.filter ?? {}) : null;
  }

  apply(doc: Document, context: UpdateContext): UpdateOutcome {
    const result = cloneDocument(doc);
    for (const { parts, action } of this.resolveAll(result, context)) {
      if (action.kind === 'field') applyField(result, parts, action.operator, context);
      else action.rename.apply(result);
    }
    checkId(doc, result, context);
    return { doc: result, modified: !identical(doc, result) };
  }

  private resolveAll(
    document: Document,
    context: UpdateContext,
  ): { parts: readonly string[]; action: Step['action'] }[] {
    if (!this.isDynamic) return this.steps.map(({ path, action }) => ({ parts: path.parts, action }));
    const resolver = new PathResolver(this.filters, () => this.position(document, context));
    const check = new ConflictCheck();
    const resolved = this.steps.flatMap(({ path, action }) => {
      if (action.kind === 'rename') check.add(action.rename.from.parts);
      return resolver.resolve(document, path).map((parts) => {
        check.add(parts);
        return { parts, action };
      });
    });
    return resolved.sort((a, b) => compareUpdatePaths(a.parts, b.parts));
  }

  private position(document: Document, context: UpdateContext): number | null {
    if (context.isInsert) return null;
    if (context.matchedArrayIndex !== undefined) return context.matchedArrayIndex;
    const details: MatchDetails = { arrayIndex: null };
    return this.matcher?.matches(document, details) ? details.arrayIndex : null;
  }
}

/** An `_id` that is there stays as it is; an upsert may still be given one by the update. */
function checkId(before: Document, after: Document, context: UpdateContext): void {
  const old = getField(before, '_id');
  const next = getField(after, '_id');
  if ((context.isInsert && old === undefined) || (next !== undefined && valuesEqual(old, next))) return;
  if (old === undefined && next === undefined) return;
  throw immutableId("Performing an update on the path '_id' would modify the immutable field '_id'");
}

function compileReplacement(replacement: Document): CompiledUpdate {
  const dollar = Object.keys(replacement).find((name) => name.startsWith('$'));
  if (dollar !== undefined) {
    throw new CommandError(
      52,
      'DollarPrefixedFieldName',
      `The dollar ($) prefixed field '${dollar}' in '${dollar}' is not allowed in the context of an update's replacement document. Consider using an aggregation pipeline with $replaceWith.`,
    );
  }
  return {
    isReplacement: true,
    apply: (doc) => {
      const id = getField(doc, '_id');
      const next = getField(replacement, '_id');
      if (id !== undefined && next !== undefined && !valuesEqual(id, next)) {
        throw immutableId("After applying the update, the (immutable) field '_id' was found to have been altered");
      }
      // The stored `_id` comes first and keeps its type, whatever the replacement says.
      const result: Document = {};
      if (id !== undefined || next !== undefined) setField(result, '_id', id ?? next);
      const fields = cloneDocument(replacement);
      for (const name of Object.keys(fields)) if (name !== '_id') setField(result, name, fields[name]);
      return { doc: result, modified: !identical(doc, result) };
    },
  };
}

/**
 * Compiles an update: operators, a pipeline or a replacement document. Every operator, path and array filter is checked here, so a
 * wrong update fails even when it matches nothing.
 */
export function compileUpdate(update: Document | readonly unknown[], options: UpdateOptions): CompiledUpdate {
  if (Array.isArray(update)) {
    if (options.arrayFilters && options.arrayFilters.length > 0) {
      throw failedToParse('arrayFilters may not be specified for pipeline-syle updates');
    }
    const run = compilePipelineUpdate(update);
    const apply = (doc: Document, context: UpdateContext): UpdateOutcome => {
      const outcome = run(doc);
      checkId(doc, outcome.doc, context);
      return outcome;
    };
    return { isReplacement: false, apply };
  }
  const document = update as Document;
  const first = Object.keys(document)[0];
  return first?.startsWith('$') ? new OperatorUpdate(document, options) : compileReplacement(document);
}
