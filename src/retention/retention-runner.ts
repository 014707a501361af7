import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock } from '../common/clock';
import { errorName } from '../common/error-name';
import { ConversationsRepository, type Heads } from '../conversations/conversations.repository';
import { type Lease, Locks } from '../database/locks';
import { StoreStatus } from '../database/store-status';
import type { MessagePlace } from '../message-store/message';
import { MessagesRepository } from '../message-store/messages.repository';
import { Retention } from '../message-store/retention';

/** How often the work is done, and how often a node looks whether it is due: a day is promised. */
const EVERY_MS = 60 * 60_000;
const LOOK_MS = 10 * 60_000;
const LEASE_MS = 60_000;
const BATCH = 1_000; // messages
/** A clock further than this from the store's is not one to delete by. */
const MAX_SKEW_MS = 10 * 60_000;

/**
 * Removes what has expired, on one node at a time. Each batch stands alone: the floors are raised first, so that a number
 * is never given again and a crash leaves nothing but messages that nobody is served, for the next run to remove.
 */
@Injectable()
export class RetentionRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(RetentionRunner.name);
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private stopping = false;

  constructor(
    private readonly messages: MessagesRepository,
    private readonly conversations: ConversationsRepository,
    private readonly retention: Retention,
    private readonly locks: Locks,
    private readonly store: StoreStatus,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.look(), LOOK_MS).unref();
    void this.look();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    clearInterval(this.timer);
    await this.running;
  }

  /** Removes what has expired when that is due and nobody else does. Never rejects: what failed is due again. */
  async look(): Promise<void> {
    this.running ??= this.run().finally(() => (this.running = undefined));
    await this.running;
  }

  private async run(): Promise<void> {
    let lease: Lease | undefined;
    let done = false;
    try {
      lease = await this.locks.acquire('retention', LEASE_MS, EVERY_MS);
      if (lease && (await this.isClockRight())) done = await this.removeExpired(lease);
    } catch (error) {
      this.logger.warn(`removing expired messages failed (${errorName(error)}): trying again`);
    } finally {
      await lease?.release(done).catch(() => undefined);
    }
  }

  /** What is deleted is gone: a machine whose clock went wrong must not do it. */
  private async isClockRight(): Promise<boolean> {
    const skew = Math.abs((await this.store.time()) - this.clock.now());
    if (skew <= MAX_SKEW_MS) return true;
    this.logger.error(`nothing is removed: the clocks of this machine and of the store are ${skew} ms apart`);
    return false;
  }

  /** @returns whether nothing is left; false when stopped, or when another node took over. */
  private async removeExpired(lease: Lease): Promise<boolean> {
    let removed = 0;
    while (!this.stopping && (await lease.renew())) {
      const expired = await this.messages.createdBefore(this.retention.cutoff(), BATCH);
      if (expired.length > 0) {
        await this.conversations.raiseFloors(floorsOf(expired));
        await this.messages.remove(expired.map(({ id }) => id));
      }
      removed += expired.length;
      if (expired.length < BATCH) {
        if (removed > 0) this.logger.log(`removed ${removed} expired messages`);
        return true;
      }
    }
    return false;
  }
}

/** @returns the highest places that go, by conversation. */
function floorsOf(expired: readonly MessagePlace[]): Map<string, Heads> {
  const floors = new Map<string, Heads>();
  for (const { conversationId, seq, mod } of expired) {
    const known = floors.get(conversationId);
    floors.set(conversationId, { seq: Math.max(seq, known?.seq ?? 0), mod: Math.max(mod ?? 0, known?.mod ?? 0) });
  }
  return floors;
}
