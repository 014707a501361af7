import { DomainError } from '../../common/errors/domain-error';

const MAX_TOKEN_LENGTH = 8192;
const BEARER = /^bearer +(.*)$/i;

/** The parts of a handshake that may carry a token; all of them are the client’s. */
export interface HandshakeParts {
  readonly auth: unknown;
  readonly query: unknown;
  readonly headers: { readonly authorization?: string };
}

const tokenOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, 'token')
    ? (value as { token: unknown }).token
    : undefined;

/**
 * Looks at `auth.token`, then `Authorization: Bearer`, then `?token=`.
 * @returns undefined when none was given
 * @throws AUTH_FAILED when what was given cannot be a token
 */
export function handshakeToken({ auth, query, headers }: HandshakeParts): string | undefined {
  const token = tokenOf(auth) ?? BEARER.exec(headers.authorization ?? '')?.[1] ?? tokenOf(query);
  if (token === undefined || token === null) return undefined;
  if (typeof token !== 'string' || token === '' || token.length > MAX_TOKEN_LENGTH) {
    throw new DomainError('AUTH_FAILED');
  }
  return token;
}
