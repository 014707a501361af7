import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Clock } from '../common/clock';
import { AuditRepository } from './audit.repository';
import type { AuditEntry } from './audit-entry';

/** Who did what to whose data. Ids only: no name and no content, so that nothing in it has to be erased. */
@Injectable()
export class AuditLog {
  constructor(
    private readonly repository: AuditRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Writes before the act it tells of: a crash leaves an entry without its act, never an act without its entry.
   * @throws when the store does not take it; the act must not happen then.
   */
  async record(...entries: readonly AuditEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const at = new Date(this.clock.now());
    await this.repository.append(entries.map((entry) => ({ ...entry, id: randomUUID(), at })));
  }
}
