import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor';
import { DomainError } from '../common/errors/domain-error';
import { isUuid } from '../common/validation/decorators';
import { hiddenUpTo, type Conversation, type Membership } from '../conversations/conversation';
import { ConversationReader } from '../conversations/conversation-reader';
import { MembershipsRepository } from '../conversations/memberships.repository';
import type { Message } from '../message-store/message';
import { MessagesRepository } from '../message-store/messages.repository';
import { Retention } from '../message-store/retention';
import { seenBy } from './message.presenter';

export interface VisibleMessage {
  readonly message: Message;
  /** With a summary that holds every message committed before. */
  readonly conversation: Conversation;
  /** The actor's own. */
  readonly membership: Membership | undefined;
}

/** Whether a person may see a message; the only place that says so for a single one. */
@Injectable()
export class MessageAccess {
  constructor(
    private readonly reader: ConversationReader,
    private readonly memberships: MembershipsRepository,
    private readonly messages: MessagesRepository,
    private readonly retention: Retention,
  ) {}

  /**
   * @throws MESSAGE_NOT_FOUND, the same whether it does not exist, has expired, came before the person, or stands in
   *   another's conversation.
   */
  async require(actor: Actor, messageId: string): Promise<VisibleMessage> {
    const message = isUuid(messageId) ? await this.messages.findById(messageId) : undefined;
    if (!message || this.retention.isExpired(message)) throw new DomainError('MESSAGE_NOT_FOUND');
    const conversation = await this.requireConversation(message.conversationId, actor);
    const pair = { conversationId: conversation.id, userId: actor.userId };
    const membership = (await this.memberships.findPairs([pair]))[0];
    if (message.seq <= hiddenUpTo(conversation, membership)) throw new DomainError('MESSAGE_NOT_FOUND');
    return { message, conversation, membership };
  }

  /** As `require`, for a message that has to stand in a conversation which the actor is known to be in. */
  async requireIn(conversation: Conversation, actor: Actor, messageId: string): Promise<Message> {
    const message = isUuid(messageId) ? await this.messages.findById(messageId) : undefined;
    const found = message?.conversationId === conversation.id && !this.retention.isExpired(message);
    if (!found) throw new DomainError('MESSAGE_NOT_FOUND');
    if (conversation.history === 'joined') {
      const pair = { conversationId: conversation.id, userId: actor.userId };
      const membership = (await this.memberships.findPairs([pair]))[0];
      if (message.seq <= hiddenUpTo(conversation, membership)) throw new DomainError('MESSAGE_NOT_FOUND');
    }
    return message;
  }

  /**
   * @param userIds people known to take part: their memberships stand before they do
   * @returns those of them who see the message; the store is asked only where a history may be hidden
   */
  async among(userIds: readonly string[], message: Message, conversation: Conversation): Promise<readonly string[]> {
    if (conversation.history !== 'joined' || userIds.length === 0) return userIds;
    const pairs = userIds.map((userId) => ({ conversationId: conversation.id, userId }));
    const memberships = await this.memberships.findPairs(pairs);
    return seenBy(message, { conversation, memberships }, userIds);
  }

  private async requireConversation(conversationId: string, actor: Actor): Promise<Conversation> {
    try {
      return await this.reader.requireSettled(conversationId, actor.userId);
    } catch (error) {
      const hidden = error instanceof DomainError && error.code === 'CONVERSATION_NOT_FOUND';
      throw hidden ? new DomainError('MESSAGE_NOT_FOUND') : error;
    }
  }
}
