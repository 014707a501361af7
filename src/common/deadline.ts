import { DomainError } from './errors/domain-error';

/**
 * Waits for the store no longer than a caller does: an operation whose connection breaks at a bad moment may never be
 * answered by the driver. The work itself goes on; its outcome is unknown.
 * @param ms milliseconds
 * @throws DATABASE_UNAVAILABLE when the time is over
 */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DomainError('DATABASE_UNAVAILABLE')), ms);
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}
