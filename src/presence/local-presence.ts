import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Clock } from '../common/clock';
import { errorName } from '../common/error-name';
import { UsersService } from '../users/users.service';
import { ConnectionRegistry } from './connection-registry';
import { Presence } from './presence';

const FLUSH_MS = 1_000;

/** Presence of a single process; remembers when people left, in one write a second. */
@Injectable()
export class LocalPresence extends Presence implements BeforeApplicationShutdown {
  private readonly logger = new Logger(LocalPresence.name);
  private readonly left = new Map<string, Date>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly registry: ConnectionRegistry,
    private readonly users: UsersService,
    private readonly clock: Clock,
  ) {
    super();
    registry.onLeft((userId) => this.note(userId));
  }

  onlineAmong(userIds: readonly string[]): Promise<ReadonlySet<string>> {
    return Promise.resolve(new Set(userIds.filter((id) => this.registry.isOnline(id))));
  }

  online(limit: number): Promise<string[]> {
    return Promise.resolve(this.registry.onlineUsers(limit));
  }

  connectionsOf(userId: string): Promise<string[]> {
    return Promise.resolve(this.registry.liveSocketIds(userId));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.flush();
  }

  private note(userId: string): void {
    this.left.set(userId, new Date(this.clock.now()));
    this.timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref();
  }

  private async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const seen = [...this.left].map(([userId, at]) => ({ userId, at }));
    this.left.clear();
    try {
      await this.users.setLastSeen(seen);
    } catch (error) {
      this.logger.warn(`the times of ${seen.length} departures were not written (${errorName(error)})`);
    }
  }
}
