import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { AppConfig } from '../config/app-config';
import { RedisConnection } from '../redis/redis-connection';
import { LocalWindow } from './local-window';
import type { RateWindow } from './rate-window';
import { SharedWindow } from './shared-window';

const MINUTE_MS = 60_000;

/** What one user may do in any minute, over all doors and nodes (contract 7). */
@Injectable()
export class RateLimits {
  readonly messages: RateWindow;
  /** Edits and deletions together. */
  readonly changes: RateWindow;
  readonly connections: RateWindow;

  constructor(
    config: AppConfig,
    private readonly clock: Clock,
    private readonly redis: RedisConnection,
  ) {
    this.messages = this.perMinute('messages', config.rates.messagesPerMinute);
    this.changes = this.perMinute('changes', config.rates.changesPerMinute);
    this.connections = this.perMinute('connections', config.rates.connectionsPerMinute);
  }

  private perMinute(name: string, limit: number): RateWindow {
    const local = new LocalWindow(limit, MINUTE_MS, this.clock);
    return this.redis.configured ? new SharedWindow(name, limit, MINUTE_MS, local, this.redis) : local;
  }
}
