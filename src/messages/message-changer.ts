import { Injectable } from '@nestjs/common';
import { DomainError } from '../common/errors/domain-error';
import { ConversationsRepository } from '../conversations/conversations.repository';
import { SummarySettler } from '../conversations/summary-settler';
import type { Change, Message } from '../message-store/message';
import { MessagesRepository } from '../message-store/messages.repository';
import { MessageLog } from './message-log';

/**
 * Commits edits and deletions: one update of the message that carries its place (`mod`) among the changes of the
 * conversation. A place is only tried when the one before it can be read, and the unique index on (conversation, mod)
 * decides between racing changes: whoever reads place n has every change below n.
 */
@Injectable()
export class MessageChanger {
  constructor(
    private readonly messages: MessagesRepository,
    private readonly conversations: ConversationsRepository,
    private readonly log: MessageLog,
    private readonly settler: SummarySettler,
  ) {}

  /**
   * Changes a message and waits until that is durable.
   * @param decide what to do with the message as it stands; asked again when somebody else changed it meanwhile.
   *   Undefined: nothing.
   * @returns the message as it stands then, and whether this call changed it.
   * @throws MESSAGE_NOT_FOUND when it is gone; whatever `decide` throws; DATABASE_UNAVAILABLE when the outcome is
   *   unknown: asking again is harmless.
   */
  async change(
    { id, conversationId }: Pick<Message, 'id' | 'conversationId'>,
    decide: (message: Message) => Change | undefined,
  ): Promise<{ message: Message; changed: boolean }> {
    await this.log.markHot(conversationId);
    for (;;) {
      const message = await this.messages.findById(id);
      if (!message) throw new DomainError('MESSAGE_NOT_FOUND');
      const change = decide(message);
      if (!change) return { message, changed: false };
      const mod = (await this.lastMod(conversationId)) + 1;
      if ((await this.messages.change(message, change, mod)) !== 'done') continue;
      this.settler.noteChange(conversationId, mod);
      await this.log.markHot(conversationId);
      const changed = await this.messages.findById(id);
      if (!changed) throw new DomainError('MESSAGE_NOT_FOUND');
      return { message: changed, changed: true };
    }
  }

  /** The summary remembers a place whose message retention has removed: asked second, because it is raised first. */
  private async lastMod(conversationId: string): Promise<number> {
    const top = await this.messages.topMod(conversationId);
    const heads = await this.conversations.heads([conversationId]);
    return Math.max(top, heads.get(conversationId)?.mod ?? 0);
  }
}
