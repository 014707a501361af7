import { Document, fieldsOf, getField, isDocument, setField } from '../bson/values';
import type { Expression } from './expression';
import { PathTree } from './path-tree';

function computeInside(tree: PathTree<Expression>, value: unknown, root: Document): unknown {
  if (tree.value !== undefined) return tree.value(root);
  if (Array.isArray(value)) return (value as unknown[]).map((element) => computeInside(tree, element, root));
  return computeFields(tree, isDocument(value) ? fieldsOf(value) : {}, root);
}

/**
 * Sets the computed fields of a tree of paths. A path goes into every element of an array and replaces a scalar in its
 * way by a document; a value that is missing removes its field.
 */
export function computeFields(tree: PathTree<Expression>, document: Document, root: Document): Document {
  const result: Document = { ...document };
  for (const [name, child] of tree.entries()) {
    const value = computeInside(child, getField(document, name), root);
    if (value === undefined) delete result[name];
    else setField(result, name, value);
  }
  return result;
}
