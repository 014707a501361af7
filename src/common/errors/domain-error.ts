import type { ErrorCode } from '../../contract/error-codes';

export interface FieldError {
  readonly field: string;
  /** A rule in plain words; never the value that broke it. */
  readonly message: string;
}

export interface DomainErrorDetails {
  readonly errors?: readonly FieldError[];
  readonly retryAfterMs?: number;
  /** Size of the window that refused, for `RateLimit-*`. */
  readonly limit?: number;
}

/** A refusal that clients may see. Knows no transport: the filters turn it into HTTP or socket answers. */
export class DomainError extends Error {
  constructor(
    readonly code: ErrorCode,
    readonly details: DomainErrorDetails = {},
  ) {
    super(code);
    this.name = 'DomainError';
  }

  /** A single failing field: 400 `VALIDATION_FAILED` that names it. */
  static invalid(field: string, message: string): DomainError {
    return new DomainError('VALIDATION_FAILED', { errors: [{ field, message }] });
  }
}
