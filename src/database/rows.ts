import type { Collection, mongo } from 'mongoose';

/** What a Mongoose model is to a read: the driver's collection below it. */
interface Readable {
  readonly collection: Collection;
}

/**
 * Reads documents as the driver hands them out, for what every page, list and sync asks. A Mongoose query around it,
 * lean or not, costs the event loop about as much again as a small read. Nothing is cast: the values of a filter come
 * typed from our own code.
 * @throws what the driver throws, or that there is no connection
 */
export async function rows<T>(
  { collection }: Readable,
  filter: Readonly<Record<string, unknown>>,
  options: mongo.FindOptions = {},
): Promise<T[]> {
  return (await collection.find(filter, options).toArray()) as T[];
}

/** The first that is found, as `rows` reads it. */
export async function firstRow<T>(
  { collection }: Readable,
  filter: Readonly<Record<string, unknown>>,
  options: mongo.FindOptions = {},
): Promise<T | undefined> {
  return ((await collection.findOne(filter, options)) ?? undefined) as T | undefined;
}
