import { HttpException } from '@nestjs/common';
import type { ErrorCode } from '../../contract/error-codes';
import { DomainError } from './domain-error';

/** What a thrown value means to a client, and whether it is a fault of ours that has to be logged. */
export interface MappedError {
  readonly error: DomainError;
  readonly unexpected: boolean;
}

/** By name: only persistence code may import the driver (house rule 9.4). */
const STORE_AWAY_NAMES: ReadonlySet<string> = new Set([
  'MongoNetworkError',
  'MongoNetworkTimeoutError',
  'MongoServerSelectionError',
  'MongooseServerSelectionError',
  'MongoNotConnectedError',
  'MongoTopologyClosedError',
  'MongoClientClosedError',
  'MongoPoolClearedError',
  'MongoPoolClosedError',
  'MongoPoolClearedOnNetworkError',
  'MongoWaitQueueTimeoutError',
  'MongoOperationTimeoutError',
  'MongoExpiredSessionError',
]);
/** Server codes for: shutting down, no primary, network or write concern timeout, time limit, not writable. */
const STORE_AWAY_CODES: ReadonlySet<number> = new Set([
  6, 7, 50, 64, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436,
]);
/** A broken connection that the driver hands on as Node's own error. */
const LINK_BROKEN: ReadonlySet<unknown> = new Set(['EPIPE', 'ECONNRESET', 'ECONNREFUSED']);
const MONGOOSE_AWAY = /before initial connection is complete|bufferCommands|buffering timed out|not connected/i;

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'VALIDATION_FAILED',
  401: 'AUTH_REQUIRED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  409: 'CONFLICT',
  413: 'PAYLOAD_TOO_LARGE',
  414: 'VALIDATION_FAILED',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'RATE_LIMITED',
};
const BY_FASTIFY_CODE: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_BODY_TOO_LARGE: 'PAYLOAD_TOO_LARGE',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'INVALID_JSON',
  FST_ERR_CTP_INVALID_JSON_BODY: 'INVALID_JSON',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'VALIDATION_FAILED',
  FST_ERR_BAD_URL: 'NOT_FOUND',
  FST_ERR_MAX_PARAM_LENGTH: 'NOT_FOUND', // an unknown id in a path answers 404, well-formed or not
};

interface Thrown {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly cause?: unknown;
  readonly writeErrors?: unknown;
}

const isThrown = (value: unknown): value is Thrown => typeof value === 'object' && value !== null;

function isStoreAway(error: unknown, depth = 0): boolean {
  if (!isThrown(error) || depth > 3) return false;
  const { name, message, code } = error;
  if (LINK_BROKEN.has(code)) return true;
  if (typeof name === 'string') {
    if (STORE_AWAY_NAMES.has(name)) return true;
    if (name.startsWith('Mongo') && typeof code === 'number' && STORE_AWAY_CODES.has(code)) return true;
    // A batch that the server refused nothing of: the link broke, and the driver wraps that without its cause.
    const { writeErrors } = error;
    if (name === 'MongoBulkWriteError' && Array.isArray(writeErrors) && writeErrors.length === 0) {
      return typeof code !== 'number' || STORE_AWAY_CODES.has(code);
    }
    if (name === 'MongooseError' && typeof message === 'string' && MONGOOSE_AWAY.test(message)) return true;
  }
  return isStoreAway(error.cause, depth + 1);
}

function clientErrorCode(error: Thrown): ErrorCode | undefined {
  if (typeof error.code === 'string' && error.code in BY_FASTIFY_CODE) return BY_FASTIFY_CODE[error.code];
  if (error instanceof HttpException) {
    const inner = isThrown(error.cause) ? clientErrorCode(error.cause) : undefined;
    return inner ?? BY_STATUS[error.getStatus()] ?? (error.getStatus() < 500 ? 'VALIDATION_FAILED' : undefined);
  }
  // Parsers mark what they refuse with a status; a SyntaxError without one is a bug of ours.
  if (typeof error.statusCode !== 'number') return undefined;
  if (error.statusCode === 400 && error.name === 'SyntaxError') return 'INVALID_JSON';
  return BY_STATUS[error.statusCode];
}

/**
 * The one mapping from thrown values to public refusals, for HTTP and sockets alike. Never copies a text of the thrown
 * value into the answer: it may hold input, queries or paths.
 * @returns the refusal to show; `unexpected` when it is `PROCESSING_ERROR` and has to be logged
 */
export function toDomainError(error: unknown): MappedError {
  if (error instanceof DomainError) return { error, unexpected: error.code === 'PROCESSING_ERROR' };
  if (isStoreAway(error)) return { error: new DomainError('DATABASE_UNAVAILABLE'), unexpected: false };
  const code = isThrown(error) ? clientErrorCode(error) : undefined;
  if (code) return { error: new DomainError(code), unexpected: false };
  return { error: new DomainError('PROCESSING_ERROR'), unexpected: true };
}
