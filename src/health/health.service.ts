import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/app-config';
import { StoreStatus } from '../database/store-status';
import type { WebsocketStats } from '../contract/payloads';
import { ConnectionCounter } from '../presence/connection-counter';
import { LiveActivity } from '../presence/live-activity';
import { RedisStatus } from '../redis/redis-status';

type Status = 'healthy' | 'degraded' | 'unhealthy';

/** Longest wait for the store's answer, milliseconds. */
const PING_TIMEOUT_MS = 1000;
/** A store that answers slower than this, milliseconds, is degraded. */
const SLOW_PING_MS = 500;

export interface StoreCheck {
  status: Status;
  details: { store: StoreStatus['kind']; connected: boolean; latency_ms: number | null };
}

export interface RedisCheck {
  status: Exclude<Status, 'unhealthy'>;
  details: { connected: boolean; latency_ms: number | null };
}

export interface HealthReport {
  service: 'messaging-service';
  status: Status;
  timestamp: string;
  version: string;
  checks: {
    database: StoreCheck;
    websocket: { status: Status; details: WebsocketStats };
    /** Only where REDIS_URL is set. */
    redis?: RedisCheck;
  };
  uptime_seconds: number;
  /** Bytes. */
  memory_usage: { rss: number; heap_used: number; heap_total: number };
}

/** Rejects after `ms` milliseconds; the timer never keeps the process alive. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), ms);
    timer.unref();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Milliseconds, rounded to what says something. */
const hundredths = (ms: number): number => Math.round(ms * 100) / 100;

@Injectable()
export class HealthService {
  constructor(
    private readonly config: AppConfig,
    private readonly store: StoreStatus,
    private readonly connections: ConnectionCounter,
    private readonly redis: RedisStatus,
    private readonly activity: LiveActivity,
  ) {}

  /** @returns whether the store answers, within a second at most. */
  async checkStore(): Promise<StoreCheck> {
    const { kind } = this.store;
    const away: StoreCheck = { status: 'unhealthy', details: { store: kind, connected: false, latency_ms: null } };
    if (!this.store.isReady()) return away;
    try {
      const latency = await within(PING_TIMEOUT_MS, this.store.ping());
      const status = latency > SLOW_PING_MS ? 'degraded' : 'healthy';
      return { status, details: { store: kind, connected: true, latency_ms: hundredths(latency) } };
    } catch {
      return away;
    }
  }

  /** Without Redis the service goes on, each node for itself: degraded at worst. */
  private async checkRedis(): Promise<RedisCheck | undefined> {
    if (!this.redis.configured) return undefined;
    try {
      const latency = await within(PING_TIMEOUT_MS, this.redis.ping());
      return { status: 'healthy', details: { connected: true, latency_ms: hundredths(latency) } };
    } catch {
      return { status: 'degraded', details: { connected: false, latency_ms: null } };
    }
  }

  /** @returns the whole report; unhealthy when the store is away. */
  async report(): Promise<HealthReport> {
    const [database, redis] = await Promise.all([this.checkStore(), this.checkRedis()]);
    const { rss, heapUsed, heapTotal } = process.memoryUsage();
    return {
      service: 'messaging-service',
      status: database.status === 'healthy' ? (redis?.status ?? 'healthy') : database.status,
      timestamp: new Date().toISOString(),
      version: this.config.service.version,
      checks: {
        database,
        websocket: { status: 'healthy', details: { ...this.connections.counts(), ...this.activity.counts() } },
        ...(redis && { redis }),
      },
      uptime_seconds: Math.round(process.uptime()),
      memory_usage: { rss, heap_used: heapUsed, heap_total: heapTotal },
    };
  }
}
