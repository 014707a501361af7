/** MongoDB's names of the error codes this store answers. */
export const ErrorCodes = {
  InternalError: 1,
  BadValue: 2,
  FailedToParse: 9,
  TypeMismatch: 14,
  Overflow: 15,
  InvalidLength: 16,
  IllegalOperation: 20,
  NamespaceNotFound: 26,
  IndexNotFound: 27,
  PathNotViable: 28,
  ConflictingUpdateOperators: 40,
  CursorNotFound: 43,
  NamespaceExists: 48,
  MaxTimeMSExpired: 50,
  DollarPrefixedFieldName: 52,
  InvalidIdField: 53,
  NotSingleValueField: 54,
  EmptyFieldName: 56,
  DottedFieldName: 57,
  CommandNotFound: 59,
  ImmutableField: 66,
  CannotCreateIndex: 67,
  InvalidOptions: 72,
  InvalidNamespace: 73,
  IndexOptionsConflict: 85,
  IndexKeySpecsConflict: 86,
  CommandNotSupported: 115,
  CannotIndexParallelArrays: 171,
  QueryPlanKilled: 175,
  ShutdownInProgress: 91,
  ExceededMemoryLimit: 146,
  QueryExceededMemoryLimit: 292,
  BSONObjectTooLarge: 10334,
  DuplicateKey: 11000,
  KeyTooLong: 17280,
  OutOfDiskSpace: 14031,
  UnrecognizedCommandField: 40415,
  MissingField: 40414,
  UnrecognizedStage: 40324,
  PipelineStageOneField: 40323,
  InvalidPipelineOperator: 168,
} as const;

/** The name of a known error code. */
export type ErrorName = keyof typeof ErrorCodes;

/** An error that a command answers to its client, with MongoDB's own code. */
export class CommandError extends Error {
  constructor(
    readonly code: number,
    readonly codeName: string,
    message: string,
    readonly extra?: Record<string, unknown>,
  ) {
    super(message);
    this.name = 'CommandError';
  }
}

/** A `CommandError` by the name of its code. */
export function commandError(name: ErrorName, message: string, extra?: Record<string, unknown>): CommandError {
  return new CommandError(ErrorCodes[name], name, message, extra);
}
