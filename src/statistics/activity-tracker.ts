import { Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../common/clock';
import { errorName } from '../common/error-name';
import { AppConfig } from '../config/app-config';
import { DomainEvents } from '../events/domain-events';
import { UsersService } from '../users/users.service';
import { plusDays, SchoolDays } from './school-days';

const FLUSH_MS = 1_000;
const KNOWN_PEOPLE = 50_000;

/** Who signed in or wrote today: one write for each person and day, together with those of the same second. */
@Injectable()
export class ActivityTracker implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(ActivityTracker.name);
  private readonly days: SchoolDays;
  private day = { start: 0, end: 0 };
  /** Of this day. */
  private readonly known = new LRUCache<string, true>({ max: KNOWN_PEOPLE });
  private readonly unwritten = new Map<string, Date>();
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly users: UsersService,
    private readonly events: DomainEvents,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    this.days = new SchoolDays(config.timeZone);
  }

  onModuleInit(): void {
    this.events.on('user.seen', ({ userId }) => this.note(userId));
    this.events.on('message.created', ({ message }) => this.note(message.sender_id));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.flush();
  }

  /** Writes what is noted so far; never rejects. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.writing.then(async () => {
      const batch = [...this.unwritten].map(([userId, at]) => ({ userId, at }));
      this.unwritten.clear();
      try {
        await this.users.setActive(batch);
      } catch (error) {
        this.logger.warn(`the activity of ${batch.length} people was not written (${errorName(error)})`);
        for (const { userId } of batch) this.known.delete(userId);
      }
    });
    return this.writing;
  }

  private note(userId: string): void {
    const now = this.clock.now();
    if (now < this.day.start || now >= this.day.end) this.begin(this.days.dayOf(now));
    if (this.known.has(userId)) return;
    this.known.set(userId, true);
    this.unwritten.set(userId, new Date(now));
    this.timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref();
  }

  private begin(day: string): void {
    this.known.clear();
    this.day = { start: this.days.startOf(day), end: this.days.startOf(plusDays(day, 1)) };
  }
}
