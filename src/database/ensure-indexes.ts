import type { Connection } from 'mongoose';

/**
 * Creates what the schemas of `declared` ask for and `store` lacks.
 * @throws the store's error when an index cannot be made: that stops the start.
 */
export async function ensureIndexes(declared: Connection, store: Connection): Promise<void> {
  for (const name of declared.modelNames()) {
    const model = declared.model(name);
    const collection = store.collection(model.collection.collectionName);
    for (const [keys, options] of model.schema.indexes()) {
      const { name, unique, partialFilterExpression } = options;
      await collection.createIndex(keys as Record<string, 1 | -1>, {
        ...(name === undefined ? {} : { name }),
        ...(unique === undefined ? {} : { unique: unique === true }),
        ...(partialFilterExpression === undefined ? {} : { partialFilterExpression }),
      });
    }
  }
}
