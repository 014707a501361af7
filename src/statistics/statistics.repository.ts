import type { MinuteTotals, SentCount } from './counting';

/** Port: what is counted of the message log, minute by minute, and the most people who were online. */
export abstract class StatisticsRepository {
  /** @returns the last minute before a moment in which there was a message. */
  abstract lastMinute(before: Date): Promise<MinuteTotals | undefined>;
  /** Oldest first. A minute that is known stays as it is, and those after it are not tried. */
  abstract addMinutes(minutes: readonly MinuteTotals[]): Promise<void>;
  abstract sentCounts(pairs: readonly Pick<SentCount, 'conversationId' | 'userId'>[]): Promise<SentCount[]>;
  /** What one person sent, a count for each conversation. */
  abstract sentBy(userId: string): Promise<SentCount[]>;
  /** @param known what the counts were made from: one that was written since is left alone. */
  abstract moveSentCounts(counts: readonly SentCount[], known: ReadonlyMap<string, SentCount>): Promise<void>;
  abstract peakOnline(): Promise<number>;
  /** Only upwards. */
  abstract raisePeakOnline(people: number): Promise<void>;
}
