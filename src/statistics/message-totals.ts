import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { MessageTimeline } from '../message-store/message-timeline';
import { countMinutes, endOf, MINUTE_MS, missingPredecessors, NONE, type MinuteTotals, type Totals } from './counting';
import { StatisticsRepository } from './statistics.repository';

/** Messages that are read to complete what was counted; more only while the first count of an old store is under way. */
const TAIL = 50_000;

/** The sums as they stand at one moment. */
export interface TotalsView {
  readonly now: Totals;
  /** The sums before the first moment of a minute. */
  before(moment: number): Promise<Totals>;
}

/** Sums over the message log, up to this moment: what was counted, and the two minutes or so after it. */
@Injectable()
export class MessageTotals {
  constructor(
    private readonly statistics: StatisticsRepository,
    private readonly timeline: MessageTimeline,
    private readonly clock: Clock,
  ) {}

  async view(): Promise<TotalsView> {
    // Clocks of nodes agree within 20 s.
    const end = new Date(this.clock.now() + MINUTE_MS);
    const last = await this.statistics.lastMinute(end);
    const tail = await this.timeline.between(endOf(last), end, TAIL);
    const earlier = await this.timeline.at(missingPredecessors(tail));
    const minutes: MinuteTotals[] = countMinutes(tail, earlier, last);
    const before = async (moment: number): Promise<Totals> => {
      const inTail = minutes.filter(({ minute }) => minute.getTime() < moment).at(-1);
      return inTail ?? (await this.statistics.lastMinute(new Date(moment))) ?? NONE;
    };
    return { now: minutes.at(-1) ?? last ?? NONE, before };
  }
}
