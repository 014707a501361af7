import { Injectable } from '@nestjs/common';
import { DomainEvents } from '../events/domain-events';
import { UsersRepository } from './users.repository';

/** Changes made through this process act at once; those made beside it (an import) within this long. */
const FRESH_MS = 5_000;

/** Who is an administrator now: they take part in every support conversation by their role (contract 1). */
@Injectable()
export class AdminRoster {
  private readonly ids = new Set<string>();
  /** Whose role ended while a load was under way: its answer may be older. */
  private readonly ended = new Set<string>();
  private freshUntil = 0;
  private loading: Promise<void> | undefined;

  constructor(
    private readonly repository: UsersRepository,
    events: DomainEvents,
  ) {
    events.on('user.changed', ({ userId, role, isActive }) => this.note(userId, role === 'admin' && isActive));
  }

  /** Makes sure that `present` is right; one indexed query every few seconds at most. */
  async refresh(): Promise<void> {
    if (Date.now() < this.freshUntil) return;
    this.loading ??= this.load().finally(() => (this.loading = undefined));
    await this.loading;
  }

  /** @returns the administrators as last known, without those whose role has ended since. No I/O. */
  present(): string[] {
    return [...this.ids];
  }

  private note(userId: string, isAdmin: boolean): void {
    if (isAdmin) {
      if (!this.ids.has(userId)) this.freshUntil = 0;
      this.ended.delete(userId);
      this.ids.add(userId);
    } else if (this.ids.delete(userId) || this.loading) this.ended.add(userId);
  }

  private async load(): Promise<void> {
    this.ended.clear();
    this.freshUntil = Date.now() + FRESH_MS;
    try {
      const found = await this.repository.findAdminIds();
      this.ids.clear();
      for (const id of found) if (!this.ended.has(id)) this.ids.add(id);
    } catch (error) {
      this.freshUntil = 0;
      throw error;
    }
  }
}
