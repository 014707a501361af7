import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { errorName } from '../common/error-name';
import { ConnectionCounter } from '../presence/connection-counter';
import { StatisticsRepository } from './statistics.repository';

const EVERY_MS = 5_000;

/** Remembers the most people who were ever online at one time on one node; written only when it grows. */
@Injectable()
export class PeakKeeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(PeakKeeper.name);
  private timer: NodeJS.Timeout | undefined;
  private written = 0;

  constructor(
    private readonly statistics: StatisticsRepository,
    private readonly connections: ConnectionCounter,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.keep(), EVERY_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.keep();
  }

  /** @returns the peak of all time. */
  async peak(): Promise<number> {
    return Math.max(await this.statistics.peakOnline(), this.connections.peakOnline());
  }

  private async keep(): Promise<void> {
    const peak = this.connections.peakOnline();
    if (peak <= this.written) return;
    try {
      await this.statistics.raisePeakOnline(peak);
      this.written = peak;
    } catch (error) {
      this.logger.warn(`the peak of people online was not written (${errorName(error)}): trying again`);
    }
  }
}
