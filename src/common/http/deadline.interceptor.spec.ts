import type { ExecutionContext } from '@nestjs/common';
import { lastValueFrom, NEVER, of, type Observable } from 'rxjs';
import { DomainError } from '../errors/domain-error';
import { DeadlineInterceptor } from './deadline.interceptor';

describe('DeadlineInterceptor', () => {
  const answer = (type: string, handler: Observable<unknown>): Promise<unknown> => {
    const context = { getType: () => type } as ExecutionContext;
    return lastValueFrom(new DeadlineInterceptor(5).intercept(context, { handle: () => handler }));
  };

  it('answers 503 in the place of a handler that never does', async () => {
    const error: unknown = await answer('http', NEVER).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DomainError);
    expect((error as DomainError).code).toBe('DATABASE_UNAVAILABLE');
  });

  it('leaves answers alone', async () => {
    await expect(answer('http', of('done'))).resolves.toBe('done');
    const handler = of('event');
    expect(
      new DeadlineInterceptor(5).intercept({ getType: () => 'ws' } as ExecutionContext, { handle: () => handler }),
    ).toBe(handler);
  });
});
