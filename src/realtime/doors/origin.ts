/** The part of a request that says where it comes from. */
export interface OriginHeaders {
  readonly origin?: string;
  readonly host?: string;
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}

/**
 * CORS does not cover WebSocket, so the handshake checks the origin itself.
 * @returns true without an Origin (native clients), for a listed one and for the service's own host; a foreign
 * one and `null` are refused. `*` in the list (never in production) admits every origin but `null`
 */
export function isOriginAllowed({ origin, host }: OriginHeaders, allowed: readonly string[]): boolean {
  if (origin === undefined) return true;
  if (origin === 'null') return false;
  if (allowed.includes(origin) || allowed.includes('*')) return true;
  return host !== undefined && host !== '' && hostOf(origin) === host.toLowerCase();
}
