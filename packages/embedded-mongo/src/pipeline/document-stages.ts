import { Document, fieldsOf, isDocument, typeName } from '../bson/values';
import { CommandError, commandError } from '../errors';
import { computeFields } from '../query/computed';
import { compileExpression, Expression } from '../query/expression';
import { PathTree } from '../query/path-tree';
import { compileProjection } from '../query/projection';

/** Makes one document of one document. */
export type DocumentChange = (doc: Document) => Document;

function fail(code: number, message: string): CommandError {
  return new CommandError(code, `Location${code}`, message);
}

function addPaths(tree: PathTree<Expression>, spec: Document, prefix: string): void {
  for (const [name, value] of Object.entries(spec)) {
    const path = prefix + name;
    if (path.split('.').some((part) => part === ''))
      throw fail(40353, 'FieldPath field names may not be empty strings.');
    if (path.split('.').some((part) => part.startsWith('$'))) {
      throw fail(16410, `FieldPath field names may not start with '$'. Consider using $getField or $setField.`);
    }
    const names = isDocument(value) ? Object.keys(value) : [];
    if (isDocument(value) && names.length > 0 && !names[0]!.startsWith('$')) addPaths(tree, value, `${path}.`);
    else if (tree.add(path, compileExpression(value)) !== null)
      throw fail(40176, `specification contains two conflicting paths at '${path}'`);
  }
}

function compileAddFields(stage: string, spec: unknown): DocumentChange {
  if (!isDocument(spec)) throw fail(40272, `${stage} specification stage must be an object, got ${typeName(spec)}`);
  if (Object.keys(spec).length === 0)
    throw fail(40177, `Invalid ${stage} :: caused by :: specification must have at least one field`);
  const tree = new PathTree<Expression>();
  addPaths(tree, spec, '');
  return (doc) => computeFields(tree, doc, doc);
}

function compileProject(spec: unknown): DocumentChange {
  if (!isDocument(spec)) throw fail(15969, '$project specification must be an object');
  if (Object.keys(spec).length === 0) throw fail(51272, 'projection specification must have at least one field');
  return compileProjection(spec);
}

function compileUnset(spec: unknown): DocumentChange {
  const paths: unknown[] = Array.isArray(spec) ? spec : [spec];
  if (paths.length === 0)
    throw fail(31119, '$unset specification must be a string or an array with at least one field');
  const wrong = paths.find((path) => typeof path !== 'string');
  if (wrong !== undefined)
    throw fail(Array.isArray(spec) ? 31120 : 31002, '$unset specification must be a string or an array of strings');
  const exclusions: Document = {};
  for (const path of paths) exclusions[String(path)] = 0;
  return compileProjection(exclusions);
}

function compileReplace(stage: string, spec: unknown): DocumentChange {
  let operand = spec;
  if (stage === '$replaceRoot') {
    if (!isDocument(spec))
      throw fail(40229, `expected an object as specification for $replaceRoot stage, got ${typeName(spec)}`);
    const unknownName = Object.keys(spec).find((name) => name !== 'newRoot');
    if (unknownName !== undefined)
      throw commandError('UnrecognizedCommandField', `BSON field '$replaceRoot.${unknownName}' is an unknown field.`);
    if (!Object.hasOwn(spec, 'newRoot'))
      throw commandError('MissingField', "BSON field '$replaceRoot.newRoot' is missing but a required field");
    operand = spec['newRoot'];
  }
  const expression = compileExpression(operand);
  return (doc) => {
    const value = expression(doc);
    if (isDocument(value)) return fieldsOf(value);
    const what = stage === '$replaceRoot' ? "'newRoot' expression" : "'replacement document'";
    throw fail(
      40228,
      `${what} must evaluate to an object, but resulting value was of type ${value === undefined ? 'missing' : typeName(value)}`,
    );
  };
}

/** Compiles a stage that changes each document by itself: those an update may use. Undefined for any other stage. */
export function compileDocumentStage(name: string, spec: unknown): DocumentChange | undefined {
  switch (name) {
    case '$addFields':
    case '$set':
      return compileAddFields(name, spec);
    case '$project':
      return compileProject(spec);
    case '$unset':
      return compileUnset(spec);
    case '$replaceRoot':
    case '$replaceWith':
      return compileReplace(name, spec);
    default:
      return undefined;
  }
}
