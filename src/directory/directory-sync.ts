import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock } from '../common/clock';
import { errorName } from '../common/error-name';
import { SiblingService } from '../common/http/sibling-service';
import { AppConfig } from '../config/app-config';
import type { Role } from '../contract/roles';
import { Locks, type Lease } from '../database/locks';
import type { SyncedPerson } from '../users/directory-entry';
import { listedPerson } from '../users/sibling-person';
import { UsersService } from '../users/users.service';

const LISTS: readonly (readonly [path: string, role: Role])[] = [
  ['/students', 'student'],
  ['/teachers', 'teacher'],
  ['/parents', 'parent'],
];
const PAGE = 1_000;
const LEASE_MS = 60_000;
/** How often a node looks whether the reading is due. */
const LOOK_MS = 60_000;
const AUDITED_AS = 'user-service';

/** Reads user-service's lists from time to time (contract 1, source d); one node at a time does it for all. */
@Injectable()
export class DirectorySync implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(DirectorySync.name);
  private readonly service: SiblingService;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private stopping = false;

  constructor(
    private readonly config: AppConfig,
    private readonly users: UsersService,
    private readonly locks: Locks,
    clock: Clock,
  ) {
    this.service = new SiblingService(config.siblings.userServiceUrl, clock);
  }

  onApplicationBootstrap(): void {
    if (!this.config.directorySync) return;
    this.timer = setInterval(() => void this.look(), Math.min(LOOK_MS, this.config.directorySync.everyMs)).unref();
    void this.look();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    clearInterval(this.timer);
    await this.running;
  }

  /** Reads the lists when that is due and nobody else does; never throws. */
  async look(): Promise<void> {
    this.running ??= this.run().finally(() => (this.running = undefined));
    await this.running;
  }

  private async run(): Promise<void> {
    const { directorySync } = this.config;
    if (!directorySync) return;
    let lease: Lease | undefined;
    let done = false;
    try {
      lease = await this.locks.acquire('directory-sync', LEASE_MS, directorySync.everyMs);
      if (!lease) return;
      // Who stands on two lists has the role of the first: a role must not change back and forth.
      const seen = new Set<string>();
      for (const [path, role] of LISTS) await this.readList(path, role, directorySync.token, lease, seen);
      done = !this.stopping;
      if (done) this.logger.log(`read ${seen.size} people from the lists of user-service`);
    } catch (error) {
      this.logger.warn(`reading the lists of user-service failed (${errorName(error)}): trying again`);
    } finally {
      await lease?.release(done).catch(() => undefined);
    }
  }

  private async readList(path: string, role: Role, token: string, lease: Lease, seen: Set<string>): Promise<void> {
    for (let skip = 0; !this.stopping; skip += PAGE) {
      const { status, body } = await this.service.get(`${path}?skip=${skip}&limit=${PAGE}`, token);
      if (status !== 200 || !Array.isArray(body)) throw new Error(`a list answered ${status}`);
      const people = body
        .map((row) => listedPerson(row, role))
        .filter((person): person is SyncedPerson => person !== undefined && !seen.has(person.userId));
      for (const { userId } of people) seen.add(userId);
      if (!(await lease.renew())) throw new Error('another node took over');
      await this.users.sync(people, AUDITED_AS);
      // A service that does not know `skip` would answer its first page for ever.
      if (body.length < PAGE || people.length === 0) return;
    }
  }
}
