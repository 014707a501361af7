import { Injectable, Logger } from '@nestjs/common';
import type { Actor } from '../common/actor';
import { Clock } from '../common/clock';
import { errorName } from '../common/error-name';
import { DomainError } from '../common/errors/domain-error';
import type { MarkReadResult } from '../contract/payloads';
import { readAtOf, type Conversation } from '../conversations/conversation';
import { ConversationReader } from '../conversations/conversation-reader';
import { MembershipsRepository } from '../conversations/memberships.repository';
import { SummarySettler } from '../conversations/summary-settler';
import { UnreadCounter } from '../conversations/unread-counter';
import { DomainEvents } from '../events/domain-events';
import type { Message } from '../message-store/message';
import { MessagesRepository } from '../message-store/messages.repository';
import type { MessageReadDto } from './dto/message-read.dto';
import { MessageAccess } from './message-access';
import { MessageLog } from './message-log';
import { NAMED_RECEIPTS } from './message.presenter';

/** Read positions: one per participant, only forwards (contract 6.5). */
@Injectable()
export class ReceiptsService {
  private readonly logger = new Logger(ReceiptsService.name);

  constructor(
    private readonly access: MessageAccess,
    private readonly reader: ConversationReader,
    private readonly memberships: MembershipsRepository,
    private readonly messages: MessagesRepository,
    private readonly log: MessageLog,
    private readonly settler: SummarySettler,
    private readonly unread: UnreadCounter,
    private readonly events: DomainEvents,
    private readonly clock: Clock,
  ) {}

  /**
   * Marks a message and all before it as read; marking again changes nothing and answers the same `read_at`.
   * @throws MESSAGE_NOT_FOUND, the same whether it does not exist or its conversation is not the caller's.
   */
  async markRead(actor: Actor, dto: MessageReadDto): Promise<MarkReadResult> {
    const { message, conversation, membership: before } = await this.access.require(actor, dto.message_id);
    if (dto.conversation_id !== undefined && dto.conversation_id !== conversation.id) {
      throw new DomainError('MESSAGE_NOT_FOUND');
    }
    const pair = { conversationId: conversation.id, userId: actor.userId };
    const previous = before?.readSeq ?? 0;
    if (previous < message.seq) {
      // Whoever syncs while the mark stands looks at the positions themselves.
      await this.log.markHot(conversation.id);
      await this.memberships.moveReadPositions([{ ...pair, seq: message.seq, at: new Date(this.clock.now()) }]);
      this.settler.noteReceipts(conversation.id);
    }
    const now = (await this.memberships.findPairs([pair]))[0];
    const readAt = now && readAtOf(now, message.seq);
    if (!readAt) throw new DomainError('PROCESSING_ERROR');
    if (previous < message.seq) {
      const wanted = await this.wanted(actor, message, conversation, previous);
      // It may be an older message, which not everybody sees who is here now.
      this.tell(actor, message, conversation, readAt, await this.access.among(wanted, message, conversation));
    }
    const [unread = 0] = await this.unread.count([{ conversation, membership: now }]);
    return {
      success: true,
      message_id: message.id,
      conversation_id: conversation.id,
      read_at: readAt.toISOString(),
      unread_count: unread,
    };
  }

  /**
   * Sending reads (contract 6.5). In large conversations only those hear of it whose messages are newly covered; who
   * they are takes a look-up, so this runs beside the acknowledgement, and what fails is only not told.
   */
  async sent(message: Message, conversation: Conversation, socketId?: string): Promise<void> {
    const reader = { userId: message.senderId, ...(socketId === undefined ? {} : { socketId }) };
    // Who is here at the commit sees the message; who comes during the look-ups does not have to.
    const present = new Set(this.reader.recipientsOf(conversation));
    try {
      const pair = { conversationId: conversation.id, userId: message.senderId };
      const previous = (await this.memberships.findPairs([pair]))[0]?.readSeq ?? 0;
      const wanted = await this.wanted(reader, message, conversation, previous);
      const seeing = wanted.filter((id) => present.has(id));
      this.tell(reader, message, conversation, message.createdAt, seeing);
    } catch (error) {
      this.logger.warn(`a receipt was not told: ${errorName(error)}`);
    }
  }

  /** Everybody in small conversations, else the reader, for the other devices, and those whose messages are newly read. */
  private async wanted(
    { userId }: Pick<Actor, 'userId'>,
    { seq }: Message,
    at: Conversation,
    previous: number,
  ): Promise<readonly string[]> {
    const everybody = this.reader.recipientsOf(at);
    if (at.participants.length <= NAMED_RECEIPTS) return everybody;
    const covered = new Set([userId, ...(await this.messages.sendersBetween(at.id, previous, seq))]);
    return everybody.filter((id) => covered.has(id));
  }

  private tell(
    { userId, socketId }: Pick<Actor, 'userId' | 'socketId'>,
    message: Message,
    at: Conversation,
    readAt: Date,
    wanted: readonly string[],
  ): void {
    // Asked last: somebody may have left meanwhile.
    const present = new Set(this.reader.recipientsOf(at));
    this.events.emit('message.read', {
      conversationId: at.id,
      messageId: message.id,
      seq: message.seq,
      readerId: userId,
      readAt: readAt.toISOString(),
      recipientIds: wanted.filter((id) => present.has(id)),
      ...(socketId === undefined ? {} : { originSocketId: socketId }),
    });
  }
}
