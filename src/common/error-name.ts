/** @returns what a log may say of a failure: the kind of error, never its message, which can quote a document. */
export const errorName = (error: unknown): string => (error instanceof Error ? error.name : 'unknown error');
