import type { ErrorCode } from '../../contract/error-codes';
import type { Language } from '../language';
import type { DomainError, FieldError } from './domain-error';
import { ERROR_CATALOG } from './error-catalog';

/** RFC 9457 body of every HTTP refusal (contract 3, Errors). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** Request path without its query: a query may hold a token. */
  instance: string;
  error_code: ErrorCode;
  errors?: readonly FieldError[];
  request_id: string;
}

export interface ProblemContext {
  /** URL as the client sent it. */
  readonly url: string;
  readonly requestId: string;
  readonly language: Language;
}

/** @returns the path of a URL, without query or fragment. */
export const pathOf = (url: string): string => url.split(/[?#]/, 1)[0] ?? '/';

/** @returns the body for a refusal. */
export function buildProblem(error: DomainError, context: ProblemContext): Problem {
  const { status, title, detail } = ERROR_CATALOG[error.code];
  return {
    type: `urn:presencepro:messaging:error:${error.code.toLowerCase().replaceAll('_', '-')}`,
    title,
    status,
    detail: detail[context.language],
    instance: pathOf(context.url),
    error_code: error.code,
    ...(error.details.errors && { errors: error.details.errors }),
    request_id: context.requestId,
  };
}

/**
 * @returns headers that go with a refusal: `WWW-Authenticate` on 401, `Retry-After` (whole seconds, at least 1) and
 * `RateLimit-*` on 429
 */
export function problemHeaders({ code, details }: DomainError): Record<string, string> {
  const { status } = ERROR_CATALOG[code];
  if (status === 401) return { 'www-authenticate': 'Bearer' };
  if (status === 503) return { 'retry-after': '1' };
  if (status !== 429) return {};
  const seconds = String(Math.max(1, Math.ceil((details.retryAfterMs ?? 1000) / 1000)));
  const limit: Record<string, string> = details.limit === undefined ? {} : { 'ratelimit-limit': String(details.limit) };
  return { 'retry-after': seconds, ...limit, 'ratelimit-remaining': '0', 'ratelimit-reset': seconds };
}
