import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor';
import { DomainError } from '../common/errors/domain-error';
import type { MarkAllReadResult } from '../contract/payloads';
import { ConversationReader } from '../conversations/conversation-reader';
import { ReceiptsService } from './receipts.service';

/** Reading a whole conversation is reading its last message. */
@Injectable()
export class ReadAllService {
  constructor(
    private readonly reader: ConversationReader,
    private readonly receipts: ReceiptsService,
  ) {}

  /** @throws CONVERSATION_NOT_FOUND */
  async markAllRead(actor: Actor, conversationId: string): Promise<MarkAllReadResult> {
    const { summary } = await this.reader.requireSettled(conversationId, actor.userId);
    const nothing = { message_id: null, conversation_id: conversationId, read_at: null, unread_count: 0 };
    if (summary.lastId === null) return { success: true, ...nothing };
    try {
      return await this.receipts.markRead(actor, { message_id: summary.lastId, conversation_id: conversationId });
    } catch (error) {
      // The last message is not the caller's to see (it came before them, or has expired): then nothing is unread.
      const hidden = error instanceof DomainError && error.code === 'MESSAGE_NOT_FOUND';
      if (!hidden) throw error;
      return { success: true, ...nothing };
    }
  }
}
