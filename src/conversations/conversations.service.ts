import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { canMessage, isStaff } from '../auth/messaging-policy';
import type { Actor } from '../common/actor';
import { Clock } from '../common/clock';
import { DomainError } from '../common/errors/domain-error';
import { AppConfig } from '../config/app-config';
import type { ConversationPayload } from '../contract/payloads';
import { DomainEvents } from '../events/domain-events';
import type { DirectoryEntry } from '../users/directory-entry';
import { UsersService } from '../users/users.service';
import type { Conversation, Membership } from './conversation';
import { ConversationReader } from './conversation-reader';
import { ConversationsRepository } from './conversations.repository';
import { directConversationId } from './direct-conversation-id';
import type { CreateConversationDto } from './dto/create-conversation.dto';

export interface Opened {
  readonly conversation: Conversation;
  readonly created: boolean;
}

/** Opening conversations: who may, with whom, and one per pair. */
@Injectable()
export class ConversationsService {
  constructor(
    private readonly repository: ConversationsRepository,
    private readonly reader: ConversationReader,
    private readonly users: UsersService,
    private readonly events: DomainEvents,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes a conversation, or finds the direct one that exists.
   * @throws VALIDATION_FAILED, RECIPIENT_NOT_FOUND, ROLE_NOT_ALLOWED, FORBIDDEN
   */
  async create(
    caller: Actor,
    dto: CreateConversationDto,
  ): Promise<{ conversation: ConversationPayload; created: boolean }> {
    const actor = await this.users.refresh(caller);
    const others = [...new Set(dto.participant_ids)].filter((id) => id !== actor.userId);
    const { conversation, created } =
      dto.conversation_type === 'direct'
        ? await this.createDirect(actor, others, dto)
        : await this.createGroup(actor, others, dto);
    const payload = created
      ? await this.reader.present(actor.userId, conversation)
      : await this.reader.get(actor.userId, conversation.id);
    return { conversation: payload, created };
  }

  /**
   * The direct conversation of two people, found or opened; twenty requests at once meet on its id.
   * @throws ROLE_NOT_ALLOWED by the matrix; VALIDATION_FAILED for oneself.
   */
  async openDirect(actor: Actor, counterpart: DirectoryEntry): Promise<Opened> {
    if (counterpart.userId === actor.userId) throw DomainError.invalid('recipient_id', 'must be somebody else');
    this.requireMatrix(actor, [counterpart]);
    const id = directConversationId(actor.userId, counterpart.userId);
    const existing = await this.reader.findForParticipant(id, actor.userId);
    if (existing) return { conversation: existing, created: false };
    const conversation = this.draft(actor, id, 'direct', [actor.userId, counterpart.userId]);
    if (await this.repository.insert(conversation, this.firstMemberships(conversation))) {
      return { conversation, created: true };
    }
    const winner = await this.repository.findForParticipant(id, actor.userId);
    if (!winner) throw new DomainError('PROCESSING_ERROR');
    return { conversation: winner, created: false };
  }

  private async createDirect(actor: Actor, others: string[], dto: CreateConversationDto): Promise<Opened> {
    const [other, ...more] = others;
    if (other === undefined || more.length > 0) {
      throw DomainError.invalid('participant_ids', 'a direct conversation has exactly one other participant');
    }
    // A title is accepted and not kept: the other person names a direct conversation. A right would be a false promise.
    for (const field of ['posting', 'history'] as const) {
      if (dto[field] !== undefined) throw DomainError.invalid(field, 'belongs to groups');
    }
    return this.openDirect(actor, await this.users.requireRecipient(other));
  }

  private async createGroup(actor: Actor, others: string[], dto: CreateConversationDto): Promise<Opened> {
    if (!isStaff(actor.role)) throw new DomainError('ROLE_NOT_ALLOWED');
    if (dto.title === undefined) throw DomainError.invalid('title', 'a group has a title');
    if (others.length === 0) throw DomainError.invalid('participant_ids', 'a group has at least one other participant');
    const max = this.config.maxGroupParticipants;
    if (others.length + 1 > max) throw DomainError.invalid('participant_ids', `at most ${max}, the creator included`);
    this.requireMatrix(actor, await this.requireRecipients(others));
    const conversation: Conversation = {
      ...this.draft(actor, randomUUID(), 'group', [actor.userId, ...others]),
      title: dto.title,
      description: dto.description ?? null,
      posting: dto.posting ?? 'everyone',
      history: dto.history ?? 'all',
    };
    await this.repository.insert(conversation, this.firstMemberships(conversation));
    await this.announce(conversation);
    return { conversation, created: true };
  }

  private async announce(conversation: Conversation): Promise<void> {
    const payloads = await this.reader.presentForAll(conversation);
    for (const [recipientId, payload] of payloads) {
      this.events.emit('conversation.created', { conversation: payload, recipientId });
    }
  }

  private async requireRecipients(userIds: readonly string[]): Promise<DirectoryEntry[]> {
    const known = await this.users.findMany(userIds);
    return userIds.map((id) => {
      const entry = known.get(id);
      if (!entry) throw new DomainError('RECIPIENT_NOT_FOUND');
      if (!entry.isActive) throw new DomainError('FORBIDDEN');
      return entry;
    });
  }

  private requireMatrix(actor: Actor, recipients: readonly DirectoryEntry[]): void {
    if (!recipients.every(({ role }) => canMessage(actor.role, role))) throw new DomainError('ROLE_NOT_ALLOWED');
  }

  private draft(actor: Actor, id: string, type: Conversation['type'], participants: string[]): Conversation {
    const now = new Date(this.clock.now());
    return {
      id,
      type,
      participants,
      title: null,
      description: null,
      avatarUrl: null,
      posting: 'everyone',
      history: 'all',
      createdBy: actor.userId,
      summary: { seq: 0, lastId: null, lastAt: null, lastBy: null },
      hotUntil: null,
      createdAt: now,
      updatedAt: now,
    };
  }

  private firstMemberships(conversation: Conversation): Membership[] {
    return conversation.participants.map((userId) => ({
      conversationId: conversation.id,
      userId,
      joinedSeq: 0,
      readSeq: 0,
      readAt: null,
      deliveredSeq: 0,
      readMarks: [],
    }));
  }
}
