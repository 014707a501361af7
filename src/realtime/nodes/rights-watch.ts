import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { errorName } from '../../common/error-name';
import { DomainEvents } from '../../events/domain-events';
import { NodeBus } from '../../node-bus/node-bus';
import { ConnectionRegistry } from '../../presence/connection-registry';
import type { DirectoryEntry } from '../../users/directory-entry';
import { RightsJournal } from '../../users/rights-journal';
import { UsersService } from '../../users/users.service';
import { SocketSessions } from '../socket-sessions';

/** While nobody is heard, and after a failure, the directory is asked this often. */
const EVERY_MS = 5_000;
const PEOPLE_AT_ONCE = 500;

/** Roles and deactivations that another node brought about reach the sockets here. */
@Injectable()
export class RightsWatch implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(RightsWatch.name);
  private readonly waiting = new Set<string>();
  private running = false;
  private timer: NodeJS.Timeout | undefined;
  /** How much of the journal is known here; undefined: nothing. */
  private known: number | undefined;

  constructor(
    private readonly bus: NodeBus,
    private readonly journal: RightsJournal,
    private readonly users: UsersService,
    private readonly registry: ConnectionRegistry,
    private readonly sessions: SocketSessions,
    private readonly events: DomainEvents,
  ) {}

  onApplicationBootstrap(): void {
    if (this.bus.enabled) this.timer = setInterval(() => this.tick(), EVERY_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** The directory says something else of these people than it did. */
  check(userIds: readonly string[]): void {
    for (const id of userIds) this.waiting.add(id);
    if (!this.running) void this.run();
  }

  /** Whoever has a socket here. */
  checkAll(): void {
    this.check([...this.registry.onlineUsers()]);
  }

  /** Waits until every change that was acknowledged before the call acts here, whether the bus told of it or not. */
  async catchUp(): Promise<void> {
    const { count, userIds = [...this.registry.onlineUsers()] } = await this.journal.since(this.known);
    for (let start = 0; start < userIds.length; start += PEOPLE_AT_ONCE) {
      await this.look(userIds.slice(start, start + PEOPLE_AT_ONCE));
    }
    this.known = count;
  }

  private async look(userIds: readonly string[]): Promise<void> {
    for (const entry of await this.users.reread(userIds)) this.apply(entry);
  }

  private tick(): void {
    if (this.bus.isConnected()) this.check([]);
    else this.checkAll();
  }

  /** What fails waits for the next tick. */
  private async run(): Promise<void> {
    this.running = true;
    while (this.waiting.size > 0) {
      const ids = [...this.waiting].slice(0, PEOPLE_AT_ONCE);
      for (const id of ids) this.waiting.delete(id);
      try {
        await this.look(ids);
      } catch (error) {
        this.logger.warn(`roles could not be read (${errorName(error)}): trying again`);
        for (const id of ids) this.waiting.add(id);
        break;
      }
    }
    this.running = false;
  }

  private apply({ userId, role, isActive }: DirectoryEntry): void {
    this.events.emit('user.changed', { userId, role, isActive, relayed: true });
    const before = this.sessions.peersOf(userId).flatMap(({ actor }) => actor?.role ?? []);
    const from = before.find((known) => known !== role);
    if (from) this.events.emit('user.role_changed', { userId, from, to: role, relayed: true });
    if (!isActive) this.events.emit('user.deactivated', { userId, relayed: true });
  }
}
