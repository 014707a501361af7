import { Injectable } from '@nestjs/common';
import { MessagesRepository, type SeqRange } from '../message-store/messages.repository';
import { type Retained, Retention } from '../message-store/retention';
import type { Membership } from './conversation';

export interface Counted {
  /** Settled. */
  readonly conversation: Retained;
  /** Of the person whose count it is. */
  readonly membership: Pick<Membership, 'readSeq' | 'joinedSeq' | 'roleBegin'> | undefined;
}

/**
 * Unread messages (contract 6.5): those of others above the read position, neither deleted nor expired. Sending reads,
 * so that none of one's own stands above it; the rest is subtraction, and nothing is stored that could drift.
 */
@Injectable()
export class UnreadCounter {
  constructor(
    private readonly messages: MessagesRepository,
    private readonly retention: Retention,
  ) {}

  /** @returns a count for each; the deleted ones of all conversations with something unread are looked up together. */
  async count(all: readonly Counted[]): Promise<number[]> {
    const ranges = await Promise.all(all.map((counted) => this.unreadRange(counted)));
    const deleted = await this.messages.deletedSeqs(widest(ranges));
    return ranges.map(({ conversationId, after, upTo }) => {
      const gone = (deleted.get(conversationId) ?? []).filter((seq) => seq > after && seq <= upTo);
      return Math.max(0, upTo - after - gone.length);
    });
  }

  private async unreadRange({ conversation, membership }: Counted): Promise<SeqRange> {
    const floor = await this.retention.floorOf(conversation);
    const { readSeq = 0, joinedSeq = 0, roleBegin } = membership ?? {};
    const after = Math.max(readSeq, joinedSeq, roleBegin?.seq ?? 0, floor);
    return { conversationId: conversation.id, after, upTo: conversation.summary.seq };
  }
}

/** One range per conversation that has something unread for somebody. */
function widest(ranges: readonly SeqRange[]): SeqRange[] {
  const byConversation = new Map<string, SeqRange>();
  for (const range of ranges) {
    if (range.after >= range.upTo) continue;
    const known = byConversation.get(range.conversationId);
    if (!known || range.after < known.after) byConversation.set(range.conversationId, range);
  }
  return [...byConversation.values()];
}
