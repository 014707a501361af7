const nameInMessage = /index: (\S+?)(?: dup key|$)/;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** @returns whether the store refused a write because a unique index already holds the key (11000). */
export const isDuplicateKey = (error: unknown): boolean => isRecord(error) && error['code'] === 11000;

/** @returns the name of the index that an 11000 message speaks of; the driver hands on only the message in bulk writes. */
export function duplicateIndexOf(message: string): string | undefined {
  // MongoDB before 4.2 wrote `db.coll.$name`; only the name counts.
  return nameInMessage.exec(message)?.[1]?.split('$').at(-1);
}
