import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { ApiBearerAuth } from '@nestjs/swagger';
import { isPerson, type Actor, type Caller } from '../common/actor';
import { DomainError } from '../common/errors/domain-error';
import type { CallerRole } from '../contract/roles';

export const ACCESS = Symbol('access');
export type Access = 'public' | readonly CallerRole[];

/** An open route: no token is asked for. */
export const Public = (): ClassDecorator & MethodDecorator => SetMetadata(ACCESS, 'public' satisfies Access);

/** Guard metadata and Swagger in one: the route asks for a token with one of these roles (none named: every person). */
export const Authenticated = (...roles: CallerRole[]): ClassDecorator & MethodDecorator =>
  applyDecorators(
    ApiBearerAuth(),
    SetMetadata(ACCESS, roles.length > 0 ? roles : (['student', 'parent', 'teacher', 'admin'] satisfies Access)),
  );

const callerOf = (context: ExecutionContext): Caller => {
  const { user } = context.switchToHttp().getRequest<{ user?: Caller }>();
  if (!user) throw new DomainError('AUTH_REQUIRED');
  return user;
};

/** The caller, person or service. */
export const CurrentCaller = createParamDecorator((_data: unknown, context: ExecutionContext) => callerOf(context));

/** The caller, who must be a person. @throws FORBIDDEN for a sibling service. */
export const CurrentActor = createParamDecorator((_data: unknown, context: ExecutionContext): Actor => {
  const caller = callerOf(context);
  if (!isPerson(caller)) throw new DomainError('FORBIDDEN');
  return caller;
});
