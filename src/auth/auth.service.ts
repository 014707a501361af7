import { Injectable } from '@nestjs/common';
import type { Caller } from '../common/actor';
import { DomainError } from '../common/errors/domain-error';
import { UsersService } from '../users/users.service';
import type { TokenIdentity } from './claims';
import { Introspection } from './introspection';
import { TokenService } from './token.service';

/** From a token to a caller whose role is the directory's. */
@Injectable()
export class AuthService {
  constructor(
    private readonly tokens: TokenService,
    private readonly introspection: Introspection,
    private readonly users: UsersService,
  ) {}

  /** @throws AUTH_FAILED for a bad token or an inactive person; DATABASE_UNAVAILABLE when the directory cannot be read. */
  async authenticate(token: string): Promise<Caller> {
    return this.admit(await this.tokens.verify(token), token);
  }

  /**
   * The directory learns from every valid token and answers with the role that counts (contract 1).
   * @throws AUTH_FAILED for a person whom the directory calls inactive, or a token that auth-service refuses.
   */
  async admit(identity: TokenIdentity, token: string): Promise<Caller> {
    const { userId, role, expiresAt } = identity;
    if (role === 'service') {
      return { userId, username: identity.username, displayName: identity.displayName, role, expiresAt };
    }
    await this.introspection.check(token, userId);
    const entry = await this.users.learn({ ...identity, role });
    if (!entry.isActive) throw new DomainError('AUTH_FAILED');
    return {
      userId,
      username: entry.username,
      displayName: entry.displayName,
      role: entry.role,
      expiresAt,
      bearer: token,
    };
  }
}
