import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { errorName } from '../common/error-name';
import { RedisAwayError, type RedisConnection } from '../redis/redis-connection';
import { redisScript } from '../redis/redis-script';
import { type LocalWindow, refusal } from './local-window';
import type { Admission, RateWindow } from './rate-window';

/**
 * The log of admissions as a sorted set by time. Redis' own clock, because those of the nodes differ. A refusal is not
 * recorded; the wait is until the entry expires that makes room for one.
 */
const TAKE = redisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
if redis.call('ZCARD', KEYS[1]) < limit then
  redis.call('ZADD', KEYS[1], now, ARGV[3])
  redis.call('PEXPIRE', KEYS[1], window)
  return 0
end
local oldest = redis.call('ZRANGE', KEYS[1], -limit, -limit, 'WITHSCORES')
return math.max(1, math.min(window, oldest[2] + window - now))
`);

/**
 * One window over all nodes. The process's own is asked first: what one node alone refuses, all of them refuse, so that
 * a flood costs no call; and while Redis is away, it is what stands.
 */
export class SharedWindow implements RateWindow {
  private readonly node = randomUUID();
  private readonly logger = new Logger(SharedWindow.name);
  private count = 0;
  private complained = false;

  constructor(
    private readonly name: string,
    private readonly limit: number,
    private readonly windowMs: number,
    private readonly local: LocalWindow,
    private readonly redis: RedisConnection,
  ) {}

  take(key: string): Admission | Promise<Admission> {
    const here = this.local.take(key);
    return here.waitMs > 0 || !this.redis.isReady() ? here : this.takeEverywhere(key, here);
  }

  private async takeEverywhere(key: string, here: Admission): Promise<Admission> {
    const set = `presencepro:messaging:rate:${this.name}:${key}`;
    const entry = `${this.node}:${++this.count}`;
    const waitMs = await this.ask(set, entry);
    if (waitMs > 0) {
      here.giveBack();
      return refusal(waitMs);
    }
    const giveBack = (): void => {
      here.giveBack();
      // An entry that stays counts for one window at most.
      this.redis.removeFromSet(set, entry).catch(() => undefined);
    };
    return { waitMs, giveBack };
  }

  /** Once: a server that refuses the script refuses every one. */
  private complain(error: unknown): void {
    if (!this.complained) this.logger.warn(`rates count per node: Redis refused (${errorName(error)})`);
    this.complained = true;
  }

  private async ask(set: string, entry: string): Promise<number> {
    try {
      return await this.redis.evaluate(TAKE, set, [String(this.limit), String(this.windowMs), entry]);
    } catch (error) {
      if (!(error instanceof RedisAwayError)) this.complain(error);
      return 0;
    }
  }
}
