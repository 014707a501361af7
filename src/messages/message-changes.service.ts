import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log';
import type { Actor } from '../common/actor';
import { Clock } from '../common/clock';
import { DomainError } from '../common/errors/domain-error';
import { KeyedTurns } from '../common/keyed-turns';
import { AppConfig } from '../config/app-config';
import type { MessagePayload } from '../contract/payloads';
import { ConversationReader } from '../conversations/conversation-reader';
import { ConversationsRepository } from '../conversations/conversations.repository';
import { MembershipsRepository } from '../conversations/memberships.repository';
import { DomainEvents } from '../events/domain-events';
import type { Change, Message } from '../message-store/message';
import { RateLimits } from '../rate-limits/rate-limits';
import { UsersService } from '../users/users.service';
import { MessageAccess } from './message-access';
import { MessageChanger } from './message-changer';
import { presenterIn, seenBy, type Scene } from './message.presenter';
import type { MessageDeleteDto, MessageEditDto } from './dto/edit-message.dto';
import { requireLength, WritingRights } from './writing-rights';

/** Editing and deleting: check → write → tell. Knows no transport. */
@Injectable()
export class MessageChangesService {
  /** One change of a conversation at a time here, so that events leave in the order of the changes. */
  private readonly turns = new KeyedTurns();

  constructor(
    private readonly access: MessageAccess,
    private readonly changer: MessageChanger,
    private readonly reader: ConversationReader,
    private readonly conversations: ConversationsRepository,
    private readonly memberships: MembershipsRepository,
    private readonly users: UsersService,
    private readonly rights: WritingRights,
    private readonly audit: AuditLog,
    private readonly events: DomainEvents,
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly rates: RateLimits,
  ) {}

  /**
   * Gives an own message another text; the earlier one is kept with it (the last 20 are). The same text again changes
   * nothing.
   * @throws MESSAGE_NOT_FOUND, VALIDATION_FAILED; FORBIDDEN for another's message or who may not write there any more;
   *   ROLE_NOT_ALLOWED; EDIT_WINDOW_CLOSED when it is too old or deleted; RATE_LIMITED; DATABASE_UNAVAILABLE
   */
  async edit(caller: Actor, { message_id, content }: MessageEditDto): Promise<MessagePayload> {
    const actor = await this.users.refresh(caller);
    requireLength(content, this.config.maxMessageLength);
    const { message, conversation } = await this.access.require(actor, message_id);
    if (message.senderId !== actor.userId) throw new DomainError('FORBIDDEN');
    await this.rights.require(conversation, actor);
    return this.commit(actor, message, (current) => {
      const now = this.clock.now();
      const closed = now - current.createdAt.getTime() >= this.config.editWindowMs;
      if (closed || current.isDeleted) throw new DomainError('EDIT_WINDOW_CLOSED');
      return content === current.content ? undefined : { kind: 'edit', content, at: new Date(now) };
    });
  }

  /**
   * Takes the content of a message away for everybody; its place in the sequence stays. Own messages, or any as an
   * admin of the conversation (then the audit log tells). Again: changes nothing.
   * @throws MESSAGE_NOT_FOUND, FORBIDDEN, RATE_LIMITED, DATABASE_UNAVAILABLE
   */
  async remove(caller: Actor, { message_id }: MessageDeleteDto): Promise<MessagePayload> {
    const actor = await this.users.refresh(caller);
    const { message } = await this.access.require(actor, message_id);
    const own = message.senderId === actor.userId;
    if (!own && actor.role !== 'admin') throw new DomainError('FORBIDDEN');
    const decide = (current: Message): Change | undefined =>
      current.isDeleted ? undefined : { kind: 'delete', at: new Date(this.clock.now()) };
    return this.commit(actor, message, decide, async () => {
      if (own) return;
      const details = { conversationId: message.conversationId, messageId: message.id };
      await this.audit.record({
        action: 'message.deleted',
        actorId: actor.userId,
        subjectId: message.senderId,
        details,
      });
    });
  }

  /**
   * Within the rate limit; what turns out to change nothing is free.
   * @param first runs before a change, and not where it is refused
   */
  private async commit(
    actor: Actor,
    message: Message,
    decide: (current: Message) => Change | undefined,
    first: () => Promise<void> = () => Promise.resolve(),
  ): Promise<MessagePayload> {
    const admission = await this.rates.changes.take(actor.userId);
    const allowed = (current: Message): Change | undefined => {
      const change = decide(current);
      if (change && admission.waitMs > 0) throw this.rateLimited(admission.waitMs);
      return change;
    };
    let counts = false;
    try {
      // As it was read: what is refused anyway waits for no turn.
      if (allowed(message)) await first();
      const { payload, changed } = await this.change(actor, message, allowed);
      counts = changed;
      return payload;
    } finally {
      if (!counts) admission.giveBack();
    }
  }

  private change(
    actor: Actor,
    { id, conversationId }: Message,
    decide: (current: Message) => Change | undefined,
  ): Promise<{ payload: MessagePayload; changed: boolean }> {
    return this.turns.run(conversationId, async () => {
      const { message, changed } = await this.changer.change({ id, conversationId }, decide);
      // Who is in the conversation now, not when the request came.
      const [conversation, memberships] = await Promise.all([
        this.conversations.findById(conversationId),
        this.memberships.findIn(conversationId),
      ]);
      if (!conversation) throw new DomainError('MESSAGE_NOT_FOUND');
      const scene = { conversation, memberships };
      if (changed) this.tell(message, scene, await this.reader.audienceOf(conversation));
      return { payload: presenterIn(scene)(message)(actor.userId), changed };
    });
  }

  private rateLimited(retryAfterMs: number): DomainError {
    return new DomainError('RATE_LIMITED', { retryAfterMs, limit: this.config.rates.changesPerMinute });
  }

  /** To those who may see the message; each one's own view of it. */
  private tell(message: Message, scene: Scene, audience: readonly string[]): void {
    const recipientIds = seenBy(message, scene, audience);
    if (message.isDeleted) {
      const { id: messageId, conversationId, seq } = message;
      this.events.emit('message.deleted', { conversationId, messageId, seq, recipientIds });
      return;
    }
    const present = presenterIn(scene)(message);
    for (const recipientId of recipientIds) {
      this.events.emit('message.updated', { message: present(recipientId), recipientId });
    }
  }
}
