import { Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { createHash } from 'node:crypto';
import { Clock } from '../common/clock';
import { errorName } from '../common/error-name';
import { DomainError } from '../common/errors/domain-error';
import { SiblingService } from '../common/http/sibling-service';
import { AppConfig } from '../config/app-config';
import type { SyncedPerson } from '../users/directory-entry';
import { siblingPerson } from '../users/sibling-person';
import { UsersService } from '../users/users.service';

const PATH = '/api/v1/auth/roles/me';
const CACHE_MS = 60_000;
const CACHED_TOKENS = 20_000;
const REFUSED: ReadonlySet<number> = new Set([401, 403]);

/** What auth-service last said of a token. */
type Verdict = 'admitted' | 'refused';

/** With AUTH_INTROSPECTION, auth-service has a say in every token; while it is away, the signature decides (contract 1). */
@Injectable()
export class Introspection {
  private readonly logger = new Logger(Introspection.name);
  private readonly service: SiblingService;
  private readonly verdicts: LRUCache<string, Verdict>;
  private readonly underway = new Map<string, Promise<Verdict>>();

  constructor(
    private readonly config: AppConfig,
    clock: Clock,
    private readonly users: UsersService,
  ) {
    this.service = new SiblingService(config.siblings.authServiceUrl, clock);
    const perf = { now: () => clock.now() };
    this.verdicts = new LRUCache({ max: CACHED_TOKENS, ttl: CACHE_MS, ttlResolution: 0, perf });
  }

  /** The directory has heard what auth-service says when this ends. @throws AUTH_FAILED when it refuses the token */
  async check(token: string, userId: string): Promise<void> {
    if (!this.config.authIntrospection) return;
    // Memory dumps of a cache are no place for tokens.
    const key = createHash('sha256').update(token).digest('base64');
    let verdict = this.verdicts.get(key);
    if (!verdict) {
      const underway = this.underway.get(key) ?? this.ask(token, userId, key);
      this.underway.set(key, underway);
      try {
        verdict = await underway;
      } finally {
        this.underway.delete(key);
      }
    }
    if (verdict === 'refused') throw new DomainError('AUTH_FAILED');
  }

  private async ask(token: string, userId: string, key: string): Promise<Verdict> {
    const answer = await this.answerFor(token, userId);
    // Away, or nonsense: the next request asks again, as far as the circuit breaker lets it.
    if (answer === undefined) return 'admitted';
    if (answer !== 'refused') await this.users.introspected(answer);
    const verdict = answer === 'refused' || answer.isActive === false ? 'refused' : 'admitted';
    this.verdicts.set(key, verdict);
    return verdict;
  }

  private async answerFor(token: string, userId: string): Promise<SyncedPerson | 'refused' | undefined> {
    try {
      const { status, body } = await this.service.get(PATH, token);
      if (REFUSED.has(status)) return 'refused';
      return status === 200 ? siblingPerson(body, userId) : undefined;
    } catch (error) {
      this.logger.warn(`auth-service did not answer (${errorName(error)}): the signature decides`);
      return undefined;
    }
  }
}
