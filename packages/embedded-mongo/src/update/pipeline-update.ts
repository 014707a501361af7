import { identical } from '../bson/identical';
import { Document, getField, isDocument, setField } from '../bson/values';
import { commandError } from '../errors';
import { compileDocumentStage, DocumentChange } from '../pipeline/document-stages';

function compileStage(stage: unknown): DocumentChange {
  const entries = isDocument(stage) ? Object.entries(stage) : [];
  const [entry] = entries;
  if (entry === undefined || entries.length !== 1) {
    const message = 'A pipeline stage specification object must contain exactly one field.';
    throw commandError('PipelineStageOneField', message);
  }
  const change = compileDocumentStage(...entry);
  if (change) return change;
  throw commandError(
    'InvalidOptions',
    `${entry[0]} is not allowed to be used within an update, or not supported by this store`,
  );
}

/** Compiles an update by an aggregation pipeline. A stage that drops `_id` keeps the stored one. */
export function compilePipelineUpdate(
  stages: readonly unknown[],
): (doc: Document) => { doc: Document; modified: boolean } {
  const changes = stages.map(compileStage);
  return (doc) => {
    const changed = changes.reduce((current, change) => change(current), doc);
    const result: Document = {};
    const id = getField(doc, '_id') ?? getField(changed, '_id');
    if (id !== undefined) setField(result, '_id', getField(changed, '_id') ?? id);
    for (const [name, value] of Object.entries(changed)) if (name !== '_id') setField(result, name, value);
    return { doc: result, modified: !identical(doc, result) };
  };
}
