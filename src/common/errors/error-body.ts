import type { ErrorBody } from '../../contract/socket-events';
import type { Language } from '../language';
import { ERROR_CATALOG } from './error-catalog';
import { toDomainError } from './to-domain-error';

/**
 * @param error anything thrown
 * @param language of `message`
 * @returns what a socket answers: code, text, and `details` with `errors` and/or `retry_after_ms` (milliseconds)
 */
export function socketErrorBody(error: unknown, language: Language = 'fr'): ErrorBody {
  const { code, details } = toDomainError(error).error;
  const shown = {
    ...(details.errors && { errors: details.errors }),
    ...(details.retryAfterMs !== undefined && { retry_after_ms: Math.max(0, Math.ceil(details.retryAfterMs)) }),
  };
  return {
    error_code: code,
    message: ERROR_CATALOG[code].detail[language],
    ...(Object.keys(shown).length > 0 && { details: shown }),
  };
}
