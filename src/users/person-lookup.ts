import { Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../common/clock';
import { errorName } from '../common/error-name';
import { SiblingService } from '../common/http/sibling-service';
import { AppConfig } from '../config/app-config';
import type { SyncedPerson } from './directory-entry';
import { siblingPerson } from './sibling-person';

const MISS_MS = 30_000;
const REMEMBERED_MISSES = 10_000;
const REFUSED: ReadonlySet<number> = new Set([401, 403]);

/** Asks user-service who somebody is (contract 1, source c). It being away is a miss like any other. */
@Injectable()
export class PersonLookup {
  private readonly logger = new Logger(PersonLookup.name);
  private readonly service: SiblingService;
  private readonly misses: LRUCache<string, true>;
  private readonly underway = new Map<string, Promise<SyncedPerson | undefined>>();

  constructor(config: AppConfig, clock: Clock) {
    this.service = new SiblingService(config.siblings.userServiceUrl, clock);
    const perf = { now: () => clock.now() };
    this.misses = new LRUCache({ max: REMEMBERED_MISSES, ttl: MISS_MS, ttlResolution: 0, perf });
  }

  /**
   * @param bearer the token of who asks
   * @returns the person, or undefined when user-service does not know, does not answer in 2 s, or answers nonsense
   */
  async find(userId: string, bearer: string): Promise<SyncedPerson | undefined> {
    if (this.misses.has(userId)) return undefined;
    const underway = this.underway.get(userId) ?? this.ask(userId, bearer);
    this.underway.set(userId, underway);
    try {
      return await underway;
    } finally {
      this.underway.delete(userId);
    }
  }

  private async ask(userId: string, bearer: string): Promise<SyncedPerson | undefined> {
    try {
      const { status, body } = await this.service.get(`/api/v1/users/${encodeURIComponent(userId)}`, bearer);
      const person = status === 200 ? siblingPerson(body, userId) : undefined;
      // A refusal speaks of who asks: it says nothing to the next one.
      if (!person && !REFUSED.has(status)) this.misses.set(userId, true);
      return person;
    } catch (error) {
      this.logger.debug(`user-service did not answer (${errorName(error)})`);
      return undefined;
    }
  }
}
