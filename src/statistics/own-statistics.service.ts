import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor';
import { Clock } from '../common/clock';
import type { OwnStatistics } from '../contract/payloads';
import type { Membership } from '../conversations/conversation';
import { ConversationReader } from '../conversations/conversation-reader';
import { ConversationsRepository, type ListedRow } from '../conversations/conversations.repository';
import { OwnPositions } from '../conversations/own-positions';
import { SummarySettler } from '../conversations/summary-settler';
import { UnreadCounter } from '../conversations/unread-counter';
import { MessageTimeline, type SentMessage } from '../message-store/message-timeline';
import { endOf, MINUTE_MS, type SentCount } from './counting';
import { StatisticsRepository } from './statistics.repository';

/** A conversation with a message in this time is active. */
const ACTIVE_MS = 30 * 24 * 60 * MINUTE_MS;

/** What a person sent: counted, and after that. */
interface Sent {
  readonly counts: ReadonlyMap<string, SentCount>;
  readonly tail: readonly SentMessage[];
}

/** A person's own figures (contract 3): reads that grow with the number of their conversations, not with messages. */
@Injectable()
export class OwnStatisticsService {
  constructor(
    private readonly statistics: StatisticsRepository,
    private readonly timeline: MessageTimeline,
    private readonly conversations: ConversationsRepository,
    private readonly reader: ConversationReader,
    private readonly positions: OwnPositions,
    private readonly settler: SummarySettler,
    private readonly unread: UnreadCounter,
    private readonly clock: Clock,
  ) {}

  /** Over all of the caller's conversations, archived ones included; deleted and expired messages were sent, too. */
  async of({ userId }: Actor): Promise<OwnStatistics> {
    const viewer = await this.reader.viewer(userId);
    await this.settler.settle(await this.conversations.findHotIds(viewer));
    const { rows, memberships } = await this.positions.of(viewer);
    const joined = rows.flatMap((row) => {
      const membership = memberships.get(row.id);
      return membership ? [{ conversation: row, membership }] : [];
    });
    const [unread, sent] = await Promise.all([this.unread.count(joined), this.sentBy(userId)]);
    const since = this.clock.now() - ACTIVE_MS;
    const isActive = ({ summary, activityAt }: ListedRow): boolean => summary.seq > 0 && activityAt.getTime() >= since;
    return {
      total_conversations: rows.length,
      active_conversations: rows.filter(isActive).length,
      unread_messages: sum(unread),
      total_messages_sent: sum([...sent.counts.values()].map((count) => count.sent)) + sent.tail.length,
      total_messages_received: sum(
        joined.map(({ conversation, membership }) => received(conversation, membership, sent)),
      ),
    };
  }

  private async sentBy(userId: string): Promise<Sent> {
    const last = await this.statistics.lastMinute(new Date(this.clock.now() + MINUTE_MS));
    const found = await this.statistics.sentBy(userId);
    const counts = new Map(found.map((count) => [count.conversationId, count]));
    const recent = await this.timeline.bySenderSince(userId, endOf(last));
    // A run may have counted people further than minutes, by now or before it was cut short.
    const tail = recent.filter(({ conversationId, createdAt }) => createdAt >= endOf(counts.get(conversationId)));
    return { counts, tail };
  }
}

/** Messages of others since the person came in. */
function received({ id, summary }: ListedRow, { joinedSeq }: Membership, { counts, tail }: Sent): number {
  const count = counts.get(id);
  // Counted before the person came in again: none of it stands above that.
  const counted = count && joinedSeq <= count.sinceSeq ? count.sentSince : 0;
  const isOwn = ({ conversationId, seq }: SentMessage): boolean =>
    conversationId === id && seq > joinedSeq && seq <= summary.seq;
  return Math.max(0, summary.seq - joinedSeq - counted - tail.filter(isOwn).length);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
