import { Injectable, Logger } from '@nestjs/common';
import { isPerson, type Caller } from '../common/actor';
import { errorName } from '../common/error-name';
import { DomainError } from '../common/errors/domain-error';
import { toDomainError } from '../common/errors/to-domain-error';
import { isFlatMetadata } from '../common/validation/flat-metadata';
import { AppConfig } from '../config/app-config';
import type { SystemMessageResult } from '../contract/payloads';
import { mayPost, type Conversation } from '../conversations/conversation';
import { ConversationReader } from '../conversations/conversation-reader';
import { ConversationsService } from '../conversations/conversations.service';
import { MessagesService, type Notice } from '../messages/messages.service';
import { RateLimits } from '../rate-limits/rate-limits';
import { UsersService } from '../users/users.service';
import type { SystemMessageDto } from './dto/system-message.dto';

/** Recipients served at a time: the log gathers their messages in its batches. */
const AT_A_TIME = 50;

interface Delivery {
  readonly sender: Caller;
  readonly notice: Notice;
  /** Called for each message that is new. */
  readonly stored: () => void;
}

/** Notices of sibling services and administrators (contract 3): one message per recipient, or one in a conversation. */
@Injectable()
export class SystemMessagesService {
  private readonly logger = new Logger(SystemMessagesService.name);

  constructor(
    private readonly conversations: ConversationsService,
    private readonly reader: ConversationReader,
    private readonly messages: MessagesService,
    private readonly users: UsersService,
    private readonly rates: RateLimits,
    private readonly config: AppConfig,
  ) {}

  /**
   * @returns what became of each recipient, in the order given, repeats merged; a refused one holds up nobody else
   * @throws VALIDATION_FAILED, CONVERSATION_NOT_FOUND, FORBIDDEN, RATE_LIMITED (administrators, once a call),
   *   DATABASE_UNAVAILABLE when nobody could be served
   */
  async send(caller: Caller, dto: SystemMessageDto): Promise<SystemMessageResult[]> {
    const sender = isPerson(caller) ? await this.users.refresh(caller) : caller;
    const notice = this.noticeOf(dto);
    const { recipient_ids: recipientIds, conversation_id: conversationId } = dto;
    if ((recipientIds === undefined) === (conversationId === undefined)) {
      throw DomainError.invalid('recipient_ids', 'either recipient_ids or conversation_id, not both');
    }
    this.messages.checkNotice(notice);
    const conversation = conversationId === undefined ? undefined : await this.target(sender, conversationId);
    return this.counted(sender, (stored) => {
      const delivery = { sender, notice, stored };
      return conversation
        ? this.sendInto(conversation, delivery)
        : this.sendToEach([...new Set(recipientIds)], delivery);
    });
  }

  /** A call of an administrator counts as one message, unless nothing was new; sibling services are not limited. */
  private async counted<T>(sender: Caller, work: (stored: () => void) => Promise<T>): Promise<T> {
    if (!isPerson(sender)) return work(() => undefined);
    const admission = await this.rates.messages.take(sender.userId);
    const { waitMs: retryAfterMs } = admission;
    const limit = this.config.rates.messagesPerMinute;
    if (retryAfterMs > 0) throw new DomainError('RATE_LIMITED', { retryAfterMs, limit });
    let isNew = false;
    try {
      return await work(() => (isNew = true));
    } finally {
      if (!isNew) admission.giveBack();
    }
  }

  private noticeOf({ content, title, metadata = {}, dedupe_key: key }: SystemMessageDto): Notice {
    const all = title === undefined ? metadata : { ...metadata, title };
    if (!isFlatMetadata(all)) throw DomainError.invalid('title', 'counts as a key of metadata, which is full');
    return { content, metadata: all, ...(key === undefined ? {} : { key }) };
  }

  /** A sibling service reaches every conversation; an administrator those they are in and may write to. */
  private async target(sender: Caller, conversationId: string): Promise<Conversation> {
    if (!isPerson(sender)) return this.reader.requireExisting(conversationId);
    const conversation = await this.reader.requireForParticipant(conversationId, sender.userId);
    if (!mayPost(conversation, sender.userId, sender.role)) throw new DomainError('FORBIDDEN');
    return conversation;
  }

  private async sendInto(at: Conversation, delivery: Delivery): Promise<SystemMessageResult[]> {
    const messageId = await this.append(at, delivery);
    return at.participants
      .filter((id) => id !== delivery.sender.userId)
      .map((id) => ({ recipient_id: id, message_id: messageId, conversation_id: at.id }));
  }

  private async sendToEach(ids: readonly string[], delivery: Delivery): Promise<SystemMessageResult[]> {
    await this.users.findMany(ids); // one look-up for all: each is asked for below
    const results: SystemMessageResult[] = [];
    for (let i = 0; i < ids.length; i += AT_A_TIME) {
      const some = ids.slice(i, i + AT_A_TIME).map((id) => this.sendTo(id, delivery));
      results.push(...(await Promise.all(some)));
    }
    const away = results.every(({ error_code }) => error_code === 'DATABASE_UNAVAILABLE');
    if (away) throw new DomainError('DATABASE_UNAVAILABLE');
    return results;
  }

  private async sendTo(recipientId: string, delivery: Delivery): Promise<SystemMessageResult> {
    const { sender } = delivery;
    try {
      if (recipientId === sender.userId) throw DomainError.invalid('recipient_ids', 'must be others');
      await this.users.requireRecipient(recipientId, sender);
      const { conversation } = await this.conversations.openSystem(sender, recipientId);
      const messageId = await this.append(conversation, delivery);
      return { recipient_id: recipientId, message_id: messageId, conversation_id: conversation.id };
    } catch (thrown) {
      const { error, unexpected } = toDomainError(thrown);
      if (unexpected) this.logger.error(`a system message failed: ${errorName(thrown)}`);
      return { recipient_id: recipientId, error_code: error.code };
    }
  }

  /** @returns the id of the message */
  private async append(at: Conversation, { sender, notice, stored }: Delivery): Promise<string> {
    const { message, duplicate } = await this.messages.announce(sender, at, notice);
    if (!duplicate) stored();
    return message.id;
  }
}
