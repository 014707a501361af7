import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { ConnectionRegistry } from '../../presence/connection-registry';
import type { LocalAudience } from './told-events';

/** Several causes of one loss become one call. */
const GATHER_MS = 250;
/** Not everybody syncs at the same moment. */
const PEOPLE_AT_ONCE = 200;
const STEP_MS = 100;

/** Tells all sockets of this node that live events may be missing (contract 4, `sync_required`). */
@Injectable()
export class SyncCaller implements OnModuleDestroy {
  private audience: LocalAudience | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isGathering = false;
  private waiting: string[] = [];

  constructor(private readonly registry: ConnectionRegistry) {}

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
  }

  private step(): void {
    this.audience?.callToSync(this.waiting.splice(0, PEOPLE_AT_ONCE));
    if (this.waiting.length > 0) this.timer = setTimeout(() => this.step(), STEP_MS).unref();
  }
}
