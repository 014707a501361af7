import { Injectable, Logger } from '@nestjs/common';
import { errorName } from '../common/error-name';
import type { ConversationPayload } from '../contract/payloads';
import { DomainEvents } from '../events/domain-events';
import type { Conversation } from './conversation';
import { ConversationReader } from './conversation-reader';
import { ConversationViews } from './conversation-views';

/** Tells people of conversations that were made or changed. What was committed stands, whether it can be told or not. */
@Injectable()
export class ConversationAnnouncer {
  private readonly logger = new Logger(ConversationAnnouncer.name);

  constructor(
    private readonly reader: ConversationReader,
    private readonly views: ConversationViews,
    private readonly events: DomainEvents,
  ) {}

  /** To everybody in a new conversation, or to `newcomers` only. */
  async created(conversation: Conversation, newcomers?: readonly string[]): Promise<void> {
    await this.tell('conversation.created', conversation, newcomers);
  }

  async updated(conversation: Conversation): Promise<void> {
    await this.tell('conversation.updated', conversation);
  }

  /** One person's own view changed: their devices hear of it. */
  ownViewChanged(userId: string, conversation: ConversationPayload): void {
    this.events.emit('conversation.updated', { conversation, recipientIds: [userId] });
  }

  /** Newcomers get the conversation, those who were there hear who came. */
  async joined(conversation: Conversation, newcomers: readonly string[]): Promise<void> {
    await this.created(conversation, newcomers);
    const recipientIds = this.reader.recipientsOf(conversation).filter((id) => !newcomers.includes(id));
    for (const userId of newcomers) {
      this.events.emit('conversation.joined', { conversationId: conversation.id, userId, recipientIds });
    }
  }

  /** To those who stay and to the person who left. */
  left(conversation: Conversation, userId: string): void {
    const recipientIds = [...this.reader.recipientsOf(conversation), userId];
    this.events.emit('conversation.left', { conversationId: conversation.id, userId, recipientIds });
  }

  private async tell(
    event: 'conversation.created' | 'conversation.updated',
    conversation: Conversation,
    to?: readonly string[],
  ): Promise<void> {
    try {
      const recipients = to ?? (await this.reader.audienceOf(conversation));
      const shared = await this.views.presentShared(conversation.id, recipients);
      // Somebody may have left while the views were made.
      const present = new Set(this.reader.recipientsOf(conversation));
      for (const { conversation: payload, recipientIds } of shared) {
        this.events.emit(event, { conversation: payload, recipientIds: recipientIds.filter((id) => present.has(id)) });
      }
    } catch (error) {
      this.logger.warn(`a change of a conversation could not be told (${errorName(error)})`);
    }
  }
}
