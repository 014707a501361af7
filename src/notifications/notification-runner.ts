import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock } from '../common/clock';
import { errorName } from '../common/error-name';
import { type Lease, Locks } from '../database/locks';
import type { Message } from '../message-store/message';
import { MessagesRepository } from '../message-store/messages.repository';
import { RedisConnection } from '../redis/redis-connection';
import { DELAY_MS, QUIET_MS, wholeMilliseconds } from './notification-rules';
import { NotificationsRepository } from './notifications.repository';
import { Notifier } from './notifier';

const EVERY_MS = 5_000;
const LEASE_MS = 30_000;
const BATCH = 500; // messages
/** Where the first run of all begins, before the first message that is due. */
const FIRST_RUN_MS = 60_000;
/** After a longer pause people have other ways to know; a flood of e-mails helps nobody. */
const OLDEST_MS = 24 * 60 * 60_000;

/**
 * Walks through the message log 60 s behind the present, on one node at a time. The log is the queue: nothing is written
 * when a message is sent, and a restart goes on where the last run ended (docs/adr/0004).
 */
@Injectable()
export class NotificationRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(NotificationRunner.name);
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private lease: Lease | undefined;
  private failing = false;

  constructor(
    private readonly messages: MessagesRepository,
    private readonly notifications: NotificationsRepository,
    private readonly notifier: Notifier,
    private readonly locks: Locks,
    private readonly redis: RedisConnection,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.redis.configured) return;
    this.timer = setInterval(() => void this.run(), EVERY_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
    await this.lease?.release(true).catch(() => undefined);
  }

  /** Looks at everything that is due now, after the run under way. Never rejects: what failed is due again. */
  run(): Promise<void> {
    this.running = this.running.then(async () => {
      try {
        await this.runOnce();
        this.failing = false;
      } catch (error) {
        if (!this.failing) this.logger.warn(`notification events wait (${errorName(error)}): trying again`);
        this.failing = true;
      }
    });
    return this.running;
  }

  private async runOnce(): Promise<void> {
    if (!this.redis.isReady()) return;
    while (await this.holdsLease()) if (!(await this.batch())) break;
  }

  private async holdsLease(): Promise<boolean> {
    if (this.lease && (await this.lease.renew())) return true;
    this.lease = await this.locks.acquire('notifications', LEASE_MS);
    return this.lease !== undefined;
  }

  /** @returns whether there is more. */
  private async batch(): Promise<boolean> {
    const upTo = this.clock.now() - DELAY_MS;
    const known = await this.notifications.progress();
    const after = Math.max(known?.getTime() ?? upTo - FIRST_RUN_MS, upTo - OLDEST_MS);
    const page = await this.messages.createdBetween(new Date(after), new Date(upTo), BATCH);
    const due = wholeMilliseconds(page, BATCH);
    for (const [conversationId, messages] of byConversation(due)) await this.notifier.tell(conversationId, messages);
    const last = due.at(-1);
    if (last) {
      await this.notifications.moveProgress(last.createdAt);
      await this.notifications.forgetBefore(new Date(this.clock.now() - QUIET_MS));
    } else if (!known) await this.notifications.moveProgress(new Date(after));
    return page.length === BATCH;
  }
}

function byConversation(messages: readonly Message[]): Map<string, Message[]> {
  const groups = new Map<string, Message[]>();
  for (const message of messages) {
    const group = groups.get(message.conversationId);
    if (group) group.push(message);
    else groups.set(message.conversationId, [message]);
  }
  for (const group of groups.values()) group.sort((a, b) => a.seq - b.seq);
  return groups;
}
