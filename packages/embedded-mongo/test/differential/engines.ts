import { BSON, MongoServerError, type Collection, type Document } from 'mongodb';
import type { UpdateCase } from './arbitraries';

/** What an engine answered, as text that is equal only for equal types and values. */
export interface Answer {
  readonly text: string;
  /** The code of a refusal. */
  readonly code: number | undefined;
}

/** Numbers keep their types on the way. */
export const EXACT = { promoteValues: false, promoteLongs: false, promoteBuffers: false, bsonRegExp: true } as const;

export function show(value: unknown): string {
  return BSON.EJSON.stringify(value, { relaxed: false });
}

async function answer(run: () => Promise<unknown>): Promise<Answer> {
  try {
    return { text: show(await run()), code: undefined };
  } catch (error) {
    if (!(error instanceof MongoServerError)) throw error;
    const code = Number(error.code);
    return { text: `error ${code}`, code };
  }
}

/** Empties a collection and fills it. */
export async function fill(collection: Collection, docs: readonly Document[]): Promise<void> {
  await collection.deleteMany({});
  await collection.insertMany(docs.map((doc) => ({ ...doc })));
}

export function find(collection: Collection, filter: Document, options: Document): Promise<Answer> {
  return answer(() => collection.find(filter, { ...options, ...EXACT }).toArray());
}

/** Updates and answers what was matched and modified and how the documents look afterwards. */
export function update(collection: Collection, { filter, update: change, arrayFilters }: UpdateCase): Promise<Answer> {
  return answer(async () => {
    const result = await collection.updateMany(filter, change, arrayFilters ? { arrayFilters } : {});
    const docs = await collection.find({}, { sort: { _id: 1 }, ...EXACT }).toArray();
    return { matched: result.matchedCount, modified: result.modifiedCount, docs };
  });
}
