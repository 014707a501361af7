import { Injectable } from '@nestjs/common';
import type { Message } from '../../message-store/message';
import { MessagesRepository, type SeqRange } from '../../message-store/messages.repository';

interface Batch {
  readonly ranges: SeqRange[];
  readonly found: Promise<Message[]>;
}

/** Messages that another node committed, for the sockets of this one. Who asks in one step shares a query. */
@Injectable()
export class MissedMessages {
  private batch: Batch | undefined;

  constructor(private readonly messages: MessagesRepository) {}

  /** @returns those of the range that are kept, lowest first */
  async between(range: SeqRange): Promise<Message[]> {
    this.batch ??= this.open();
    this.batch.ranges.push(range);
    const { conversationId, after, upTo } = range;
    const found = (await this.batch.found).filter(
      (message) => message.conversationId === conversationId && message.seq > after && message.seq <= upTo,
    );
    return found.sort((a, b) => a.seq - b.seq);
  }

  private open(): Batch {
    const ranges: SeqRange[] = [];
    const found = Promise.resolve().then(() => {
      this.batch = undefined;
      return this.messages.between(ranges);
    });
    return { ranges, found };
  }
}
