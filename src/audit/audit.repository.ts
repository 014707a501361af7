import type { StoredAuditEntry } from './audit-entry';

/** Port. Append-only: there is no method that changes or removes an entry, and there is to be none. */
export abstract class AuditRepository {
  /** One insert, acknowledged when durable. */
  abstract append(entries: readonly StoredAuditEntry[]): Promise<void>;
}
