import { DomainError } from '../../common/errors/domain-error';
import { isPlainObject } from '../../common/validation/input-limits';
import type { ErrorBody } from '../../contract/socket-events';

/** What a client may use to tell answers apart; comes back as it was. */
export type RequestId = string | number;

/** A client's frame, taken apart: everything but `type` and `request_id` is the payload (contract 5). */
export interface Frame {
  readonly event: unknown;
  readonly payload: Record<string, unknown>;
  readonly requestId?: RequestId;
}

const MAX_REQUEST_ID_LENGTH = 128;

/**
 * @throws INVALID_JSON for anything but JSON; VALIDATION_FAILED for JSON that is no object, or has a `request_id` that
 *   nobody could use
 */
export function parseFrame(text: string): Frame {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DomainError('INVALID_JSON');
  }
  if (!isPlainObject(value)) throw DomainError.invalid('frame', 'must be an object');
  const { type, request_id: requestId, ...payload } = value;
  if (requestId !== undefined && !isRequestId(requestId)) {
    throw DomainError.invalid('request_id', `must be a number or text of at most ${MAX_REQUEST_ID_LENGTH} characters`);
  }
  return { event: type, payload, ...(requestId !== undefined && { requestId }) };
}

const isRequestId = (value: unknown): value is RequestId =>
  typeof value === 'number' || (typeof value === 'string' && value.length <= MAX_REQUEST_ID_LENGTH);

/** @returns the frame of an event: its payload flat beside `type`. */
export const eventFrame = (type: string, payload: object, requestId?: RequestId): string =>
  JSON.stringify({ type, ...payload, ...(requestId !== undefined && { request_id: requestId }) });

/** @returns the frame of a refusal. */
export const errorFrame = ({ error_code, message, details }: ErrorBody, requestId?: RequestId): string =>
  eventFrame('error', { error_code, error_message: message, ...(details && { details }) }, requestId);

/** @returns the frame of an answer that has no event of its own. */
export const successFrame = (message: string, data: unknown, requestId?: RequestId): string =>
  eventFrame('success', { message, data }, requestId);
