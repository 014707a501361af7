import { Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { errorName } from '../common/error-name';
import { KeyedTurns } from '../common/keyed-turns';
import type { ConversationPayload } from '../contract/payloads';
import { DomainEvents } from '../events/domain-events';
import type { Conversation } from './conversation';
import { ConversationReader } from './conversation-reader';
import { ConversationViews, type SharedView } from './conversation-views';

/** Conversations whose views may be under way. */
const TOLD_CONVERSATIONS = 10_000;
/** A conversation in which messages are told faster than views are made gets one that lacks the last of them. */
const TRIES = 5;

/** Tells people of conversations that were made or changed. What was committed stands, whether it can be told or not. */
@Injectable()
export class ConversationAnnouncer {
  private readonly logger = new Logger(ConversationAnnouncer.name);
  private readonly turns = new KeyedTurns();
  /** The last message that this process has told. */
  private readonly toldSeq = new LRUCache<string, number>({ max: TOLD_CONVERSATIONS });

  constructor(
    private readonly reader: ConversationReader,
    private readonly views: ConversationViews,
    private readonly events: DomainEvents,
  ) {
    events.on('message.created', ({ message }) => this.toldSeq.set(message.conversation_id, message.seq));
  }

  /** What changes a conversation, or how it is seen, waits for each other until it is told, and is told in its order. */
  inTurn<T>(conversationId: string, task: () => Promise<T>): Promise<T> {
    return this.turns.run(conversationId, task);
  }

  /** To everybody in a new conversation, or to `newcomers` only. */
  async created(conversation: Conversation, newcomers?: readonly string[]): Promise<void> {
    await this.tell('conversation.created', conversation, newcomers);
  }

  async updated(conversation: Conversation): Promise<void> {
    await this.tell('conversation.updated', conversation);
  }

  /**
   * One person's own view changed: their devices hear of it.
   * @returns what they hear.
   * @throws CONVERSATION_NOT_FOUND
   */
  ownViewChanged(userId: string, conversationId: string): Promise<ConversationPayload> {
    return this.inTurn(conversationId, () =>
      this.whenCurrent(
        () => this.views.get(userId, conversationId),
        (conversation) => conversation,
        (conversation) => this.events.emit('conversation.updated', { conversation, recipientIds: [userId] }),
      ),
    );
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
      await this.whenCurrent(
        () => this.views.presentShared(conversation.id, recipients),
        ([first]) => first?.conversation,
        (shared) => this.emitShared(event, conversation, shared),
      );
    } catch (error) {
      this.logger.warn(`a change of a conversation could not be told (${errorName(error)})`);
    }
  }

  private emitShared(
    event: 'conversation.created' | 'conversation.updated',
    conversation: Conversation,
    shared: readonly SharedView[],
  ): void {
    // Somebody may have left while the views were made.
    const present = new Set(this.reader.recipientsOf(conversation));
    for (const { conversation: payload, recipientIds } of shared) {
      this.events.emit(event, { conversation: payload, recipientIds: recipientIds.filter((id) => present.has(id)) });
    }
  }

  /**
   * Messages wait for no turn: a view that was overtaken by one would take it back, and is made again. Between the last
   * look and `tell` nothing else runs.
   */
  private async whenCurrent<T>(
    make: () => Promise<T>,
    shownIn: (made: T) => ConversationPayload | undefined,
    tell: (made: T) => void,
  ): Promise<T> {
    let made = await make();
    for (let tries = 1; tries < TRIES && this.isOvertaken(shownIn(made)); tries += 1) made = await make();
    tell(made);
    return made;
  }

  private isOvertaken(shown: ConversationPayload | undefined): boolean {
    return shown !== undefined && shown.last_seq < (this.toldSeq.get(shown.conversation_id) ?? 0);
  }
}
