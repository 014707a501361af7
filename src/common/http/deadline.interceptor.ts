import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { type Observable, throwError, timeout } from 'rxjs';
import { DomainError } from '../errors/domain-error';

/** Ends a request that the store never answers (reliability, section 3): the work goes on, its outcome is unknown. */
export class DeadlineInterceptor implements NestInterceptor {
  /** @param ms milliseconds until the answer is DATABASE_UNAVAILABLE */
  constructor(private readonly ms: number) {}

  /** Sockets have a deadline of their own, in the dispatcher of their events. */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const late = (): Observable<never> => throwError(() => new DomainError('DATABASE_UNAVAILABLE'));
    return next.handle().pipe(timeout({ first: this.ms, with: late }));
  }
}
