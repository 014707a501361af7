import { Injectable, Logger } from '@nestjs/common';
import type { Actor } from '../common/actor';
import { Clock } from '../common/clock';
import { errorName } from '../common/error-name';
import { DomainError } from '../common/errors/domain-error';
import type { DeliveredResult } from '../contract/payloads';
import { type Conversation, counterpartOf, type Membership } from '../conversations/conversation';
import { ConversationReader } from '../conversations/conversation-reader';
import { MembershipsRepository } from '../conversations/memberships.repository';
import { SummarySettler } from '../conversations/summary-settler';
import { DomainEvents } from '../events/domain-events';
import type { Message } from '../message-store/message';
import { MessagesRepository } from '../message-store/messages.repository';
import { Retention } from '../message-store/retention';
import type { MessageDeliveredDto } from './dto/message-delivered.dto';
import { MessageAccess } from './message-access';
import { MessageLog } from './message-log';

interface Located {
  readonly message: Message;
  readonly conversation: Conversation;
}

interface Pending extends Located {
  readonly userId: string;
  readonly resolve: (result: DeliveredResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Up to which message a device of each participant has received the conversation: only forwards (contract 4). */
@Injectable()
export class DeliveryService {
  private readonly logger = new Logger(DeliveryService.name);
  private queue: Pending[] = [];
  private writing = false;

  constructor(
    private readonly access: MessageAccess,
    private readonly reader: ConversationReader,
    private readonly memberships: MembershipsRepository,
    private readonly messages: MessagesRepository,
    private readonly retention: Retention,
    private readonly log: MessageLog,
    private readonly settler: SummarySettler,
    private readonly events: DomainEvents,
    private readonly clock: Clock,
  ) {}

  /**
   * A device has received a message and all before it; saying so again changes nothing.
   * @throws VALIDATION_FAILED, MESSAGE_NOT_FOUND, CONVERSATION_NOT_FOUND
   */
  async markDelivered({ userId }: Actor, dto: MessageDeliveredDto): Promise<DeliveredResult> {
    const located = dto.message_id === undefined ? await this.byPlace(userId, dto) : await this.byId(userId, dto);
    return new Promise((resolve, reject) => {
      this.queue.push({ ...located, userId, resolve, reject });
      if (!this.writing) void this.drain();
    });
  }

  private async byId(userId: string, dto: MessageDeliveredDto): Promise<Located> {
    if (dto.seq !== undefined) throw DomainError.invalid('seq', 'goes with conversation_id, not with message_id');
    const message = await this.messages.findById(dto.message_id ?? '');
    const conversation = message && (await this.reader.findForParticipant(message.conversationId, userId));
    const other = dto.conversation_id !== undefined && dto.conversation_id !== conversation?.id;
    if (!message || !conversation || other || this.retention.isExpired(message)) {
      throw new DomainError('MESSAGE_NOT_FOUND');
    }
    return { message, conversation };
  }

  private async byPlace(userId: string, { conversation_id, seq }: MessageDeliveredDto): Promise<Located> {
    if (conversation_id === undefined || seq === undefined) {
      throw DomainError.invalid(conversation_id === undefined ? 'message_id' : 'seq', 'is missing');
    }
    const conversation = await this.reader.requireForParticipant(conversation_id, userId);
    const range = { conversationId: conversation.id, after: seq - 1, before: seq + 1, limit: 1, forward: true };
    const [message] = await this.messages.page(range);
    if (!message || this.retention.isExpired(message)) throw new DomainError('MESSAGE_NOT_FOUND');
    return { message, conversation };
  }

  /** While one batch is written the next gathers: a message to a large group costs a few writes, not one per device. */
  private async drain(): Promise<void> {
    this.writing = true;
    while (this.queue.length > 0) {
      const batch = this.queue;
      this.queue = [];
      try {
        await this.write(batch);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.writing = false;
  }

  private async write(batch: readonly Pending[]): Promise<void> {
    const before = new Map<string, Membership>();
    const pairs = batch.map(({ conversation, userId }) => ({ conversationId: conversation.id, userId }));
    for (const found of await this.memberships.findPairs(pairs)) {
      before.set(`${found.conversationId}/${found.userId}`, found);
    }
    const furthest = new Map<string, { pending: Pending; from: number }>();
    const accepted = batch.filter((pending) => {
      const { conversation, message, userId, reject } = pending;
      const key = `${conversation.id}/${userId}`;
      const membership = before.get(key);
      if (conversation.history === 'joined' && message.seq <= (membership?.joinedSeq ?? 0)) {
        reject(new DomainError('MESSAGE_NOT_FOUND'));
        return false;
      }
      const from = membership?.deliveredSeq ?? 0;
      if (message.seq > (furthest.get(key)?.pending.message.seq ?? from)) furthest.set(key, { pending, from });
      return true;
    });
    const moved = new Set([...furthest.values()].map(({ pending }) => pending.conversation.id));
    // Whoever syncs while the mark stands looks at the positions themselves.
    await Promise.all([...moved].map((id) => this.log.markHot(id)));
    const at = new Date(this.clock.now());
    await this.memberships.moveDeliveredPositions(
      [...furthest.values()].map(({ pending: { conversation, userId, message } }) => ({
        conversationId: conversation.id,
        userId,
        seq: message.seq,
        at,
      })),
    );
    for (const id of moved) this.settler.noteReceipts(id);
    for (const { conversation, userId, message, resolve } of accepted) {
      const reached = furthest.get(`${conversation.id}/${userId}`)?.pending.message.seq;
      const stands = reached ?? before.get(`${conversation.id}/${userId}`)?.deliveredSeq ?? message.seq;
      resolve({ conversation_id: conversation.id, seq: stands });
    }
    // The receipts stand: what fails from here on is only not told.
    await this.tell([...furthest.values()], at).catch((error: unknown) => {
      this.logger.warn(`receipts were not told: ${errorName(error)}`);
    });
  }

  /** To those whose messages were newly covered and who see them: who left and came back may not. */
  private async tell(moves: readonly { pending: Pending; from: number }[], at: Date): Promise<void> {
    const known = new Map<string, Promise<readonly string[]>>();
    for (const { pending, from } of moves) {
      const { conversation, message, userId } = pending;
      const range = `${conversation.id}/${from}/${message.seq}`;
      const senders = known.get(range) ?? this.senders(conversation, userId, from, message);
      // In a direct conversation the answer depends on who asks.
      if (conversation.type !== 'direct') known.set(range, senders);
      const present = new Set(this.reader.recipientsOf(conversation));
      this.events.emit('message.delivered', {
        conversationId: conversation.id,
        messageId: message.id,
        seq: message.seq,
        userId,
        deliveredAt: at.toISOString(),
        recipientIds: (await senders).filter((id) => id !== userId && present.has(id)),
      });
    }
  }

  private async senders(
    conversation: Conversation,
    userId: string,
    from: number,
    upTo: Message,
  ): Promise<readonly string[]> {
    const counterpart = counterpartOf(conversation, userId);
    if (counterpart !== undefined) return [counterpart];
    const senders = await this.messages.sendersBetween(conversation.id, from, upTo.seq);
    return this.access.among(senders, upTo, conversation);
  }
}
