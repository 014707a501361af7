const MINUTE_MS = 60_000;
const MINUTES = 60;

interface Bucket {
  minute: number;
  count: number;
  sum: number;
}

/** Response times of the last hour, a sum for each minute: what it costs does not grow with the traffic. */
export class ResponseTimes {
  private readonly buckets: Bucket[] = Array.from({ length: MINUTES }, () => ({ minute: -1, count: 0, sum: 0 }));

  /** @param now milliseconds of a clock that never goes back */
  observe(ms: number, now = performance.now()): void {
    const minute = Math.floor(now / MINUTE_MS);
    const bucket = this.buckets[minute % MINUTES] as Bucket;
    if (bucket.minute !== minute) Object.assign(bucket, { minute, count: 0, sum: 0 });
    bucket.count += 1;
    bucket.sum += ms;
  }

  /** @returns milliseconds, over this minute and the 59 before it; 0 when there was no response. */
  average(now = performance.now()): number {
    const since = Math.floor(now / MINUTE_MS) - MINUTES;
    const recent = this.buckets.filter(({ minute }) => minute > since);
    const count = recent.reduce((total, bucket) => total + bucket.count, 0);
    return count === 0 ? 0 : recent.reduce((total, bucket) => total + bucket.sum, 0) / count;
  }
}
