import type { KeyObject } from 'node:crypto';
import type { VerifyOptions } from 'jsonwebtoken';
import type { AppConfig } from '../config/app-config';
import { DomainError } from '../common/errors/domain-error';

/** The one rule set of signature checks, for the REST strategy and the socket doors (contract 1). */
export const verifyOptions = (config: AppConfig): VerifyOptions & { algorithms: [AppConfig['auth']['algorithm']] } => ({
  algorithms: [config.auth.algorithm],
  clockTolerance: config.auth.leewaySeconds,
});

/**
 * The key for a token, after a look at its header: jsonwebtoken ignores `crit`, which RFC 7515 §4.1.11 says to refuse.
 * A KeyObject, because a string secret costs 48 times more at every check.
 * @throws AUTH_FAILED for a header that is none or carries `crit`.
 */
export function keyFor(token: string, key: KeyObject): KeyObject {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString('utf8'));
    if (typeof header === 'object' && header !== null && !('crit' in header)) return key;
  } catch {
    // not JSON: refused below like every other header that is none
  }
  throw new DomainError('AUTH_FAILED');
}
