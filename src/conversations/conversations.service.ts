import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { canMessage, isStaff } from '../auth/messaging-policy';
import type { Actor, Caller } from '../common/actor';
import { Clock } from '../common/clock';
import { DomainError } from '../common/errors/domain-error';
import { AppConfig } from '../config/app-config';
import type { ConversationPayload } from '../contract/payloads';
import type { DirectoryEntry } from '../users/directory-entry';
import { UsersService } from '../users/users.service';
import { membershipFrom, type Conversation } from './conversation';
import { ConversationAnnouncer } from './conversation-announcer';
import { ConversationReader } from './conversation-reader';
import { ConversationViews } from './conversation-views';
import { ConversationsRepository } from './conversations.repository';
import { MembershipsRepository } from './memberships.repository';
import { directConversationId, systemConversationId } from './direct-conversation-id';
import type { CreateConversationDto } from './dto/create-conversation.dto';

export interface Opened {
  readonly conversation: Conversation;
  readonly created: boolean;
}

type Kind = Pick<Conversation, 'type'> & Partial<Pick<Conversation, 'audience' | 'posting' | 'history'>>;

/** Opening conversations: who may, with whom, and one per pair. */
@Injectable()
export class ConversationsService {
  constructor(
    private readonly repository: ConversationsRepository,
    private readonly memberships: MembershipsRepository,
    private readonly reader: ConversationReader,
    private readonly views: ConversationViews,
    private readonly users: UsersService,
    private readonly announcer: ConversationAnnouncer,
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
    const { conversation, created } = await this.open(actor, dto);
    const payload = created
      ? await this.views.present(actor.userId, conversation)
      : await this.views.get(actor.userId, conversation.id);
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
    return this.findOrOpen(id, actor, counterpart.userId, { type: 'direct' });
  }

  /**
   * Where a sender's system messages reach a person: a direct conversation of its own, which the person cannot answer
   * in. It is not the one in which an administrator and the person write to each other.
   */
  async openSystem(sender: Caller, recipientId: string): Promise<Opened> {
    const id = systemConversationId(sender.userId, recipientId);
    return this.findOrOpen(id, sender, recipientId, { type: 'direct', posting: 'staff' });
  }

  private open(actor: Actor, dto: CreateConversationDto): Promise<Opened> {
    const others = [...new Set(dto.participant_ids ?? [])].filter((id) => id !== actor.userId);
    if (dto.conversation_type === 'direct') return this.createDirect(actor, others, dto);
    if (dto.conversation_type === 'group') return this.createGroup(actor, others, dto);
    return this.createSupport(actor, others, dto);
  }

  private async findOrOpen(id: string, opener: Caller, otherId: string, kind: Kind): Promise<Opened> {
    const existing = await this.reader.findForParticipant(id, opener.userId);
    if (existing) return { conversation: existing, created: false };
    const opened = await this.store(this.draft(opener, id, [opener.userId, otherId], kind));
    if (opened) return { conversation: opened, created: true };
    const winner = await this.reader.findForParticipant(id, opener.userId);
    if (!winner) throw new DomainError('PROCESSING_ERROR');
    return { conversation: winner, created: false };
  }

  private async createDirect(actor: Actor, others: string[], dto: CreateConversationDto): Promise<Opened> {
    const [other, ...more] = others;
    if (other === undefined || more.length > 0) {
      throw DomainError.invalid('participant_ids', 'a direct conversation has exactly one other participant');
    }
    // A title is accepted and not kept: the other person names a direct conversation. A right would be a false promise.
    this.refuseGroupRights(dto);
    return this.openDirect(actor, await this.users.requireRecipient(other, actor));
  }

  private async createGroup(actor: Actor, others: string[], dto: CreateConversationDto): Promise<Opened> {
    if (!isStaff(actor.role)) throw new DomainError('ROLE_NOT_ALLOWED');
    if (others.length === 0) throw DomainError.invalid('participant_ids', 'a group has at least one other participant');
    this.checkSize(others.length + 1);
    this.requireMatrix(actor, await this.users.requireRecipients(others, actor));
    const { posting = 'everyone', history = 'all' } = dto;
    return this.make(actor, [actor.userId, ...others], { type: 'group', posting, history }, dto);
  }

  /** Opened by anyone. Administrators take part by their role, so they are not listed: the role's end ends access. */
  private async createSupport(actor: Actor, others: string[], dto: CreateConversationDto): Promise<Opened> {
    this.refuseGroupRights(dto);
    this.checkSize(others.length + 1);
    const named = await this.users.requireRecipients(others, actor);
    this.requireMatrix(actor, named);
    const listed = named.filter(({ role }) => role !== 'admin').map(({ userId }) => userId);
    return this.make(actor, [actor.userId, ...listed], { type: 'support', audience: 'admins' }, dto);
  }

  private async make(
    actor: Actor,
    participants: string[],
    kind: Kind,
    { title, description }: CreateConversationDto,
  ): Promise<Opened> {
    const draft = this.draft(actor, randomUUID(), participants, kind);
    const made = await this.store({ ...draft, title: title ?? null, description: description ?? null });
    if (!made) throw new DomainError('PROCESSING_ERROR');
    return { conversation: made, created: true };
  }

  /** Writes a new conversation and tells its participants. @returns undefined when one with its id exists. */
  private async store(conversation: Conversation): Promise<Conversation | undefined> {
    const { id, participants, createdAt } = conversation;
    const memberships = participants.map((userId) => membershipFrom(id, userId, 0, createdAt));
    // First: whoever is in a conversation has a place in it.
    await this.memberships.add(memberships);
    if (!(await this.repository.insert(conversation))) return undefined;
    this.reader.changed(conversation);
    await this.announcer.created(conversation);
    return conversation;
  }

  private requireMatrix(actor: Actor, recipients: readonly DirectoryEntry[]): void {
    if (!recipients.every(({ role }) => canMessage(actor.role, role))) throw new DomainError('ROLE_NOT_ALLOWED');
  }

  private checkSize(participants: number): void {
    const max = this.config.maxGroupParticipants;
    if (participants > max) throw DomainError.invalid('participant_ids', `at most ${max}, the creator included`);
  }

  private refuseGroupRights(dto: CreateConversationDto): void {
    for (const field of ['posting', 'history'] as const) {
      if (dto[field] !== undefined) throw DomainError.invalid(field, 'belongs to groups');
    }
  }

  private draft(opener: Caller, id: string, participants: string[], kind: Kind): Conversation {
    const now = new Date(this.clock.now());
    return {
      id,
      audience: null,
      participants,
      title: null,
      description: null,
      avatarUrl: null,
      posting: 'everyone',
      history: 'all',
      createdBy: opener.userId,
      version: 1,
      summary: { seq: 0, mod: 0, lastId: null, lastAt: null, lastBy: null },
      floorSeq: 0,
      hotUntil: null,
      createdAt: now,
      updatedAt: now,
      ...kind,
    };
  }
}
