import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { DomainEvents } from '../../events/domain-events';
import { ConnectionRegistry } from '../../presence/connection-registry';
import type { LocalAudience } from './told-events';

/** Several causes of one loss become one call. */
const GATHER_MS = 250;
/** Not everybody syncs at the same moment. */
const PEOPLE_AT_ONCE = 200;
const STEP_MS = 100;

/**
 * Tells sockets of this node that live events may be missing (contract 4, `sync_required`): all of them, or those of a
 * person whose role of administrator began or ended and who hears nothing of the support conversations otherwise.
 */
@Injectable()
export class SyncCaller implements OnModuleDestroy {
  private audience: LocalAudience | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isGathering = false;
  private waiting: string[] = [];
  private readonly changed = new Set<string>();
  private changedTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly registry: ConnectionRegistry,
    events: DomainEvents,
  ) {
    // Each node with sockets of the person is told of the role (RightsWatch), so each calls its own.
    events.on('user.role_changed', ({ userId, from, to }) => {
      if (from === 'admin' || to === 'admin') this.person(userId);
    });
  }

  attach(audience: LocalAudience): void {
    this.audience = audience;
  }

  /** Everybody with a socket here a moment from now; whoever comes later syncs anyway. */
  everybody(): void {
    if (this.isGathering) return;
    this.isGathering = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.isGathering = false;
      this.waiting = [...this.registry.onlineUsers()];
      this.step();
    }, GATHER_MS).unref();
  }

  onModuleDestroy(): void {
    clearTimeout(this.timer);
    clearTimeout(this.changedTimer);
  }

  /** A moment later: by then the directory of this node says the new role to whoever syncs. */
  private person(userId: string): void {
    this.changed.add(userId);
    this.changedTimer ??= setTimeout(() => {
      this.changedTimer = undefined;
      this.audience?.callToSync([...this.changed]);
      this.changed.clear();
    }, GATHER_MS).unref();
  }

  private step(): void {
    this.audience?.callToSync(this.waiting.splice(0, PEOPLE_AT_ONCE));
    if (this.waiting.length > 0) this.timer = setTimeout(() => this.step(), STEP_MS).unref();
  }
}
