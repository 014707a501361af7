import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { randomUUID } from 'node:crypto';
import { Clock } from '../common/clock';
import { isDuplicateKey } from './duplicate-key';
import { LockDocument } from './lock.schema';

/** The right to do one kind of work, held by one process among all nodes until it ends or is given back. */
export interface Lease {
  /** @returns false when the time was up and somebody else may be at work: stop. */
  renew(): Promise<boolean>;
  /** Gives it back. @param done whether the work is complete, so that it is due again only after its interval. */
  release(done: boolean): Promise<void>;
}

/** One runner among several nodes: a document per kind of work. Clocks of nodes agree within 20 s (docs/adr/0002). */
@Injectable()
export class Locks {
  constructor(
    @InjectModel(LockDocument.name) private readonly model: Model<LockDocument>,
    private readonly clock: Clock,
  ) {}

  /**
   * @param ttlMs how long it is held unless renewed
   * @param everyMs how long after the last completed work it is due again; 0: at once
   * @returns undefined when it is held, or not due yet
   */
  async acquire(name: string, ttlMs: number, everyMs = 0): Promise<Lease | undefined> {
    const now = this.clock.now();
    const holder = randomUUID();
    await this.ensure(name);
    const { modifiedCount } = await this.model.updateOne(
      { _id: name, until: { $lte: new Date(now) }, done_at: { $lte: new Date(now - everyMs) } },
      { $set: { holder, until: new Date(now + ttlMs) } },
    );
    return modifiedCount === 1 ? this.lease(name, holder, ttlMs) : undefined;
  }

  private lease(name: string, holder: string, ttlMs: number): Lease {
    const own = { _id: name, holder };
    return {
      renew: async () => {
        const now = this.clock.now();
        const { matchedCount } = await this.model.updateOne(
          { ...own, until: { $gt: new Date(now) } },
          { $set: { until: new Date(now + ttlMs) } },
        );
        return matchedCount === 1;
      },
      release: async (done) => {
        const now = new Date(this.clock.now());
        await this.model.updateOne(own, { $set: { until: now, ...(done ? { done_at: now } : {}) } });
      },
    };
  }

  private async ensure(name: string): Promise<void> {
    const never = new Date(0);
    try {
      await this.model.updateOne(
        { _id: name },
        { $setOnInsert: { holder: '', until: never, done_at: never } },
        { upsert: true },
      );
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
  }
}
