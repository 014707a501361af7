import type { ErrorCode } from '../../contract/error-codes';

/** Why a plain WebSocket was closed (contract 5); 1009 is sent by the protocol itself. */
export const CLOSE_CODES = {
  shutdown: 1001,
  tryAgainLater: 1013,
  authentication: 4401,
  conversation: 4404,
  authenticationTimeout: 4408,
  limits: 4429,
} as const;

const BY_ERROR: Partial<Record<ErrorCode, number>> = {
  AUTH_REQUIRED: CLOSE_CODES.authentication,
  AUTH_FAILED: CLOSE_CODES.authentication,
  FORBIDDEN: CLOSE_CODES.authentication,
  CONVERSATION_NOT_FOUND: CLOSE_CODES.conversation,
  RATE_LIMITED: CLOSE_CODES.limits,
  TOO_MANY_CONNECTIONS: CLOSE_CODES.limits,
};

/** @returns the code that a connection is closed with after this refusal; a fault on our side asks to come back. */
export const closeCodeOf = (code: ErrorCode): number => BY_ERROR[code] ?? CLOSE_CODES.tryAgainLater;
