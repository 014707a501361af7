import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { AppConfig } from '../config/app-config';
import type { ServiceStatistics } from '../contract/payloads';
import { ConversationsRepository } from '../conversations/conversations.repository';
import { StoreStatus } from '../database/store-status';
import { Metrics } from '../metrics/metrics';
import { ConnectionCounter } from '../presence/connection-counter';
import { LiveActivity } from '../presence/live-activity';
import { UsersService } from '../users/users.service';
import { ActivityTracker } from './activity-tracker';
import { MINUTE_MS, minuteOf } from './counting';
import { MessageTotals, type TotalsView } from './message-totals';
import { PeakKeeper } from './peak-keeper';
import { firstOf, mondayOf, plusDays, SchoolDays } from './school-days';

const DAY_MS = 24 * 60 * MINUTE_MS;
const REPLY_DAYS = 30;
const RATE_MINUTES = 60;
const BUSIEST = 10;

const hundredths = (value: number): number => Math.round(value * 100) / 100;

/** Figures of the whole service for administrators (contract 3). */
@Injectable()
export class ServiceStatisticsService {
  private readonly days: SchoolDays;

  constructor(
    private readonly totals: MessageTotals,
    private readonly activity: ActivityTracker,
    private readonly peak: PeakKeeper,
    private readonly users: UsersService,
    private readonly conversations: ConversationsRepository,
    private readonly metrics: Metrics,
    private readonly store: StoreStatus,
    private readonly connections: ConnectionCounter,
    private readonly live: LiveActivity,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    this.days = new SchoolDays(config.timeZone);
  }

  async read(): Promise<ServiceStatistics> {
    const view = await this.totals.view();
    const [latency, performance, usage, busiest] = await Promise.all([
      this.store.ping(),
      this.performance(view),
      this.usage(view),
      this.conversations.findBusiest(BUSIEST),
    ]);
    return {
      database: { store: this.store.kind, connected: this.store.isReady(), latency_ms: hundredths(latency) },
      websocket: { ...this.connections.counts(), ...this.live.counts() },
      performance,
      usage,
      busiest_conversations: busiest.map(({ id, messages }) => ({ conversation_id: id, messages })),
      timestamp: new Date(this.clock.now()).toISOString(),
    };
  }

  private async performance(view: TotalsView): Promise<ServiceStatistics['performance']> {
    const minute = minuteOf(this.clock.now());
    const [since, month, peak] = await Promise.all([
      view.before(minute - (RATE_MINUTES - 1) * MINUTE_MS),
      view.before(minute - REPLY_DAYS * DAY_MS),
      this.peak.peak(),
    ]);
    const replies = view.now.replies - month.replies;
    return {
      average_response_time_ms: hundredths(this.metrics.responseTimes.average()),
      average_reply_seconds: replies === 0 ? 0 : hundredths((view.now.replyMs - month.replyMs) / replies / 1000),
      messages_per_minute: hundredths((view.now.messages - since.messages) / RATE_MINUTES),
      peak_concurrent_users: peak,
    };
  }

  private async usage(view: TotalsView): Promise<ServiceStatistics['usage']> {
    const today = this.days.dayOf(this.clock.now());
    const sentSince = async (day: string): Promise<number> =>
      view.now.messages - (await view.before(this.days.startOf(day))).messages;
    const activeSince = (day: string): Promise<number> => this.users.countActiveSince(new Date(this.days.startOf(day)));
    await this.activity.flush();
    const [sentToday, sentThisWeek, sentThisMonth, daily, weekly, monthly] = await Promise.all([
      sentSince(today),
      sentSince(mondayOf(today)),
      sentSince(firstOf(today)),
      activeSince(today),
      activeSince(plusDays(today, -6)),
      activeSince(plusDays(today, -29)),
    ]);
    return {
      total_messages: view.now.messages,
      total_messages_today: sentToday,
      total_messages_this_week: sentThisWeek,
      total_messages_this_month: sentThisMonth,
      daily_active_users: daily,
      weekly_active_users: weekly,
      monthly_active_users: monthly,
    };
  }
}
