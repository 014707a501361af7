/** Why the store could not start or stopped by itself. */
export type EmbeddedMongoErrorCode =
  'LOCKED' | 'UNSUPPORTED_FORMAT' | 'BROKEN' | 'READ_ONLY' | 'DISK_FULL' | 'UNAVAILABLE' | 'INVALID_OPTIONS';

/** A failure of the store itself, as opposed to one of a command. */
export class EmbeddedMongoError extends Error {
  constructor(
    readonly code: EmbeddedMongoErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'EmbeddedMongoError';
  }
}
