import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { Caller } from '../common/actor';
import { DomainError } from '../common/errors/domain-error';
import { ACCESS, type Access } from './decorators';

const PEOPLE: Access = ['student', 'parent', 'teacher', 'admin'];

/** HTTP only: sockets were verified at their handshake. A route without a decorator asks for a person's token. */
@Injectable()
export class JwtAuthGuard extends AuthGuard('jwt') {
  constructor(private readonly reflector: Reflector) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const access = this.accessOf(context);
    if (access === 'public') return true;
    await super.canActivate(context);
    const { user } = context.switchToHttp().getRequest<{ user: Caller }>();
    if (!access.includes(user.role)) throw new DomainError('FORBIDDEN');
    return true;
  }

  /** Passport's answer → our codes. @throws AUTH_REQUIRED when no token was given, AUTH_FAILED when a bad one was. */
  override handleRequest<T>(error: unknown, user: T | false | undefined, _info: unknown, context: ExecutionContext): T {
    if (error instanceof DomainError) throw error;
    if (error) throw error instanceof Error ? error : new DomainError('AUTH_FAILED');
    if (user) return user;
    const { headers } = context.switchToHttp().getRequest<{ headers: { authorization?: string } }>();
    throw new DomainError(headers.authorization ? 'AUTH_FAILED' : 'AUTH_REQUIRED');
  }

  private accessOf(context: ExecutionContext): Access {
    const targets = [context.getHandler(), context.getClass()];
    return this.reflector.getAllAndOverride<Access | undefined>(ACCESS, targets) ?? PEOPLE;
  }
}
