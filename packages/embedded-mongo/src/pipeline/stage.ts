import type { Document } from '../bson/values';

/** What a pipeline reads besides its input: `$lookup` asks other collections of the same database. */
export interface PipelineSource {
  find(collection: string, filter: Document): Iterable<Document>;
}

/** One stage: documents in, documents out. */
export type Stage = (docs: Iterable<Document>, source: PipelineSource) => Iterable<Document>;
