import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock } from '../common/clock';
import { errorName } from '../common/error-name';
import { MembershipsRepository } from '../conversations/memberships.repository';
import { Locks, type Lease } from '../database/locks';
import { MessageTimeline, type SentMessage } from '../message-store/message-timeline';
import {
  countMinutes,
  countSent,
  endOf,
  MINUTE_MS,
  minuteOf,
  missingPredecessors,
  pairId,
  wholeMinutes,
} from './counting';
import { StatisticsRepository } from './statistics.repository';

const EVERY_MS = 15_000;
const LEASE_MS = 60_000;
const BATCH = 5_000; // messages
/** How long a minute is over before it is counted: by then whatever was under way is in the log, or refused. */
const SETTLED_MS = MINUTE_MS;
/** Every message comes before it. */
const END_OF_TIME = new Date(8.64e15);

/**
 * Counts the message log minute by minute, on one node at a time. All of it is derived: a run that is cut short is
 * repeated without counting anything twice (docs/adr/0005).
 */
@Injectable()
export class MessageRoller implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(MessageRoller.name);
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private lease: Lease | undefined;
  private failing = false;

  constructor(
    private readonly statistics: StatisticsRepository,
    private readonly timeline: MessageTimeline,
    private readonly memberships: MembershipsRepository,
    private readonly locks: Locks,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.run(), EVERY_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
    await this.lease?.release(true).catch(() => undefined);
  }

  /** Counts every minute that is due now, after the run under way. Never rejects: what failed is due again. */
  run(): Promise<void> {
    this.running = this.running.then(async () => {
      try {
        while (await this.holdsLease()) if (!(await this.batch())) break;
        this.failing = false;
      } catch (error) {
        if (!this.failing) this.logger.warn(`the statistics wait (${errorName(error)}): trying again`);
        this.failing = true;
      }
    });
    return this.running;
  }

  private async holdsLease(): Promise<boolean> {
    if (this.lease && (await this.lease.renew())) return true;
    this.lease = await this.locks.acquire('statistics', LEASE_MS);
    return this.lease !== undefined;
  }

  /** @returns whether there is more. */
  private async batch(): Promise<boolean> {
    const last = await this.statistics.lastMinute(END_OF_TIME);
    const before = new Date(minuteOf(this.clock.now() - SETTLED_MS));
    const page = await this.timeline.between(endOf(last), before, BATCH);
    const messages = await this.wholePage(page);
    if (messages.length === 0) return false;
    const minutes = countMinutes(messages, await this.timeline.at(missingPredecessors(messages)), last);
    const minute = minutes.at(-1)?.minute;
    // First: who reads both adds to a person's count only what comes after its own minute.
    if (minute) await this.countPeople(messages, minute);
    await this.statistics.addMinutes(minutes);
    return page.length === BATCH;
  }

  private async wholePage(page: readonly SentMessage[]): Promise<readonly SentMessage[]> {
    const whole = wholeMinutes(page, BATCH);
    const [first] = page;
    if (whole.length > 0 || !first) return whole;
    const minute = minuteOf(first.createdAt.getTime());
    return this.timeline.between(new Date(minute), new Date(minute + MINUTE_MS));
  }

  private async countPeople(messages: readonly SentMessage[], minute: Date): Promise<void> {
    const all = messages.map(({ conversationId, senderId }) => ({ conversationId, userId: senderId }));
    const pairs = [...new Map(all.map((pair) => [pairId(pair), pair])).values()];
    const [counts, memberships] = await Promise.all([
      this.statistics.sentCounts(pairs),
      this.memberships.findPairs(pairs),
    ]);
    const known = new Map(counts.map((count) => [pairId(count), count]));
    const joined = new Map(memberships.map((membership) => [pairId(membership), membership.joinedSeq]));
    await this.statistics.moveSentCounts(countSent(messages, known, joined, minute), known);
  }
}
