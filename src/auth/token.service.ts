import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { DomainError } from '../common/errors/domain-error';
import { identityFromClaims, type TokenIdentity } from './claims';

/** Verifies tokens that do not come with an HTTP request: handshakes and `authentication` events. */
@Injectable()
export class TokenService {
  constructor(private readonly jwt: JwtService) {}

  /** @throws AUTH_FAILED when signature, expiry, header or claims do not hold. */
  async verify(token: string): Promise<TokenIdentity> {
    let claims: unknown;
    try {
      claims = await this.jwt.verifyAsync<Record<string, unknown>>(token);
    } catch {
      throw new DomainError('AUTH_FAILED');
    }
    return identityFromClaims(claims);
  }
}
