/** @returns what a log may say of a failure: the kind of error, never its message, which can quote a document. */
export function errorName(error: unknown): string {
  const { name } = (typeof error === 'object' && error !== null ? error : {}) as { name?: unknown };
  return typeof name === 'string' ? name : 'unknown error';
}
