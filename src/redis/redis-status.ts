/** What the rest of the service may know of Redis: whether there is to be one, and whether it answers. */
export abstract class RedisStatus {
  /** Whether REDIS_URL is set. */
  abstract readonly configured: boolean;

  /** @returns whether commands may be tried, without asking Redis. */
  abstract isReady(): boolean;

  /** @returns the answer time in milliseconds; rejects when Redis does not answer. */
  abstract ping(): Promise<number>;
}
