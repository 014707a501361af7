import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Actor, Caller } from '../common/actor';
import { within } from '../common/deadline';
import { DomainError } from '../common/errors/domain-error';
import { KeyedTurns } from '../common/keyed-turns';
import { AppConfig } from '../config/app-config';
import type { MessagePayload, Metadata } from '../contract/payloads';
import type { SendMessageInput } from '../contract/socket-events';
import type { Conversation } from '../conversations/conversation';
import { ConversationReader } from '../conversations/conversation-reader';
import { MembershipsRepository } from '../conversations/memberships.repository';
import { ConversationsService } from '../conversations/conversations.service';
import { SummarySettler } from '../conversations/summary-settler';
import { DomainEvents } from '../events/domain-events';
import { noticeKey, type Message, type MessageDraft } from '../message-store/message';
import { MessagesRepository } from '../message-store/messages.repository';
import { Retention } from '../message-store/retention';
import { RateLimits } from '../rate-limits/rate-limits';
import type { Admission } from '../rate-limits/rate-window';
import { UsersService } from '../users/users.service';
import { bodyHash } from './body-hash';
import type { SendMessageDto } from './dto/send-message.dto';
import { MessageAccess } from './message-access';
import type { Appended } from './message-lane';
import { MessageLog } from './message-log';
import { NAMED_RECEIPTS, presentMessage, presentNewMessage } from './message.presenter';
import { ReceiptsService } from './receipts.service';
import { requireLength, WritingRights } from './writing-rights';

/** A check that is never answered must not hold up what its sender writes next. In ms. */
const CHECK_MS = 8_000;

/** What a system message says. */
export interface Notice {
  readonly content: string;
  readonly metadata: Metadata;
  /** The same key from the same sender in a conversation is one message. */
  readonly key?: string;
}

export interface Sent {
  readonly message: MessagePayload;
  readonly duplicate: boolean;
}

interface Started {
  readonly draft: MessageDraft;
  readonly conversation: Conversation;
  /** What the rate limit said. */
  readonly admission: Admission;
  readonly appended: Promise<Appended>;
  /** The new message as it was told to the participants. */
  told?: MessagePayload;
}

/** Sending: check → write → tell. Knows no transport. */
@Injectable()
export class MessagesService {
  private readonly turns = new KeyedTurns();

  constructor(
    private readonly conversations: ConversationsService,
    private readonly reader: ConversationReader,
    private readonly memberships: MembershipsRepository,
    private readonly messages: MessagesRepository,
    private readonly access: MessageAccess,
    private readonly retention: Retention,
    private readonly log: MessageLog,
    private readonly receipts: ReceiptsService,
    private readonly settler: SummarySettler,
    private readonly users: UsersService,
    private readonly rights: WritingRights,
    private readonly events: DomainEvents,
    private readonly config: AppConfig,
    private readonly rates: RateLimits,
  ) {}

  /**
   * Sends a message; acknowledged means durable (contract 6.1), a known `client_message_id` answers the first message.
   * @throws VALIDATION_FAILED, CONVERSATION_NOT_FOUND, RECIPIENT_NOT_FOUND, MESSAGE_NOT_FOUND (`reply_to`),
   *   ROLE_NOT_ALLOWED, FORBIDDEN, RATE_LIMITED, CONFLICT, DATABASE_UNAVAILABLE
   */
  async send(caller: Actor, dto: SendMessageDto): Promise<Sent> {
    // Checks take longer for one message than for the next; without turns, the next would overtake it.
    const started = await this.turns.run(caller.userId, () => within(CHECK_MS, this.start(caller, dto)));
    const { draft, conversation, admission, appended } = started;
    let isNew = false;
    try {
      const { message, duplicate } = await appended;
      isNew = !duplicate;
      if (isNew) return { message: started.told ?? presentNewMessage(message, conversation), duplicate };
      return await this.answerDuplicate(draft, message, conversation);
    } finally {
      if (!isNew) admission.giveBack();
    }
  }

  /**
   * Appends a system message. The rights of the sender are the caller's to check, and so are length and rate.
   * @returns the message; the first one where the key is known, whatever that said
   */
  async announce(sender: Caller, conversation: Conversation, { content, metadata, key }: Notice): Promise<Appended> {
    const draft = this.draft(sender, conversation, {
      content,
      metadata,
      message_type: 'system',
      ...(key === undefined ? {} : { client_message_id: noticeKey(key) }),
    });
    return this.log.append(draft, (committed, previousSenderId) => {
      this.committed(committed, conversation, sender, previousSenderId);
    });
  }

  /** @throws VALIDATION_FAILED */
  checkNotice({ content }: Notice): void {
    requireLength(content, this.config.maxMessageLength);
  }

  /** Everything before the commit; the message has its place in the queue of the log when this ends. */
  private async start(caller: Actor, dto: SendMessageDto): Promise<Started> {
    const actor = await this.users.refresh(caller);
    requireLength(dto.content, this.config.maxMessageLength);
    if (dto.message_type === 'system') throw new DomainError('FORBIDDEN');
    const conversation = await this.target(actor, dto);
    if (dto.reply_to !== undefined) await this.access.requireIn(conversation, actor, dto.reply_to);
    const draft = this.draft(actor, conversation, dto);
    const admission = await this.rates.messages.take(actor.userId);
    if (admission.waitMs > 0) {
      return { draft, conversation, admission, appended: this.findKnownOrRefuse(draft, admission.waitMs) };
    }
    const appended = this.log.append(draft, (committed, previousSenderId) => {
      started.told = this.committed(committed, conversation, actor, previousSenderId);
    });
    const started: Started = { draft, conversation, admission, appended };
    return started;
  }

  /** Runs inside the log's commit, in `seq` order, and does no I/O. @returns the message as it was told */
  private committed(
    message: Message,
    conversation: Conversation,
    sender: Caller & Pick<Actor, 'socketId'>,
    previousSenderId?: string,
  ): MessagePayload {
    const origin = sender.socketId === undefined ? {} : { originSocketId: sender.socketId };
    // Who is in it now, not when the message was checked: somebody may have left since.
    const recipientIds = this.reader.recipientsOf(conversation);
    this.settler.note(conversation.id, message);
    const told = presentNewMessage(message, conversation);
    this.events.emit('message.created', { message: told, recipientIds, ...origin });
    // Sending reads (contract 6.5). A sibling service writes without being in the conversation.
    if (!recipientIds.includes(message.senderId)) return told;
    if (conversation.participants.length > NAMED_RECEIPTS) {
      // Who also sent the message before covers nobody's.
      if (previousSenderId !== message.senderId) void this.receipts.sent(message, conversation, sender.socketId);
      return told;
    }
    this.events.emit('message.read', {
      conversationId: conversation.id,
      messageId: message.id,
      seq: message.seq,
      readerId: message.senderId,
      readAt: message.createdAt.toISOString(),
      recipientIds,
      ...origin,
    });
    return told;
  }

  private async target(actor: Actor, dto: SendMessageDto): Promise<Conversation> {
    if ((dto.conversation_id === undefined) === (dto.recipient_id === undefined)) {
      throw DomainError.invalid('conversation_id', 'either conversation_id or recipient_id, not both');
    }
    if (dto.recipient_id !== undefined) {
      const recipient = await this.users.requireRecipient(dto.recipient_id, actor);
      return (await this.conversations.openDirect(actor, recipient)).conversation;
    }
    const conversation = await this.reader.requireForParticipant(dto.conversation_id ?? '', actor.userId);
    await this.rights.require(conversation, actor);
    return conversation;
  }

  private draft(sender: Caller, conversation: Conversation, dto: SendMessageInput): MessageDraft {
    // Ids that rise with time touch the newest page of the store's index instead of a page each.
    const id = uuidv7();
    const body = {
      content: dto.content,
      type: dto.message_type ?? ('text' as const),
      replyTo: dto.reply_to ?? null,
      metadata: dto.metadata ?? {},
    };
    const clientMessageId = dto.client_message_id ?? null;
    return {
      id,
      conversationId: conversation.id,
      senderId: sender.userId,
      senderName: sender.displayName,
      senderRole: sender.role,
      clientMessageId,
      bodyHash: clientMessageId === null ? null : bodyHash(id, body),
      ...body,
    };
  }

  /** A resend of a known message is never refused (contract 6.2). */
  private async findKnownOrRefuse(draft: MessageDraft, waitMs: number): Promise<Appended> {
    const { conversationId, senderId, clientMessageId } = draft;
    const known =
      clientMessageId === null ? undefined : await this.messages.findByKey(conversationId, senderId, clientMessageId);
    if (known) return { message: known, duplicate: true };
    throw new DomainError('RATE_LIMITED', { retryAfterMs: waitMs, limit: this.config.rates.messagesPerMinute });
  }

  /** @throws CONFLICT when the key was used for another body. */
  private async answerDuplicate(draft: MessageDraft, first: Message, conversation: Conversation): Promise<Sent> {
    // Expired, and its key not yet free again: it is served no more.
    if (this.retention.isExpired(first)) throw new DomainError('CONFLICT');
    if (first.bodyHash !== null && first.bodyHash !== bodyHash(first.id, draft)) throw new DomainError('CONFLICT');
    await this.settler.settle([conversation.id]);
    const memberships = await this.memberships.findIn(conversation.id);
    const view = { conversation, viewerId: draft.senderId, memberships };
    return { message: presentMessage(first, view), duplicate: true };
  }
}
