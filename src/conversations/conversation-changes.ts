import { Injectable } from '@nestjs/common';
import { canMessage, isStaff } from '../auth/messaging-policy';
import type { Actor } from '../common/actor';
import { Clock } from '../common/clock';
import { DomainError } from '../common/errors/domain-error';
import { AppConfig } from '../config/app-config';
import type { ConversationPayload } from '../contract/payloads';
import { UsersService } from '../users/users.service';
import { membershipFrom, type Conversation } from './conversation';
import { ConversationAnnouncer } from './conversation-announcer';
import { ConversationReader } from './conversation-reader';
import { ConversationViews } from './conversation-views';
import { ConversationsRepository, type ConversationChange } from './conversations.repository';
import { MembershipsRepository } from './memberships.repository';
import type { ChangeConversationDto } from './dto/change-conversation.dto';

const ATTEMPTS = 5;

type Decide = (conversation: Conversation) => Promise<ConversationChange | undefined> | ConversationChange | undefined;

/**
 * What a conversation says of itself, and who is in it. Each change is one write, guarded by the version that its rights
 * and limits were checked on, so that versions follow the order of commit.
 */
@Injectable()
export class ConversationChanges {
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
   * Title, description, picture, posting: by a group's creator or an administrator in it.
   * @throws CONVERSATION_NOT_FOUND, FORBIDDEN, VALIDATION_FAILED, CONFLICT
   */
  async update(caller: Actor, conversationId: string, dto: ChangeConversationDto): Promise<ConversationPayload> {
    const actor = await this.users.refresh(caller);
    await this.apply(
      actor,
      conversationId,
      (conversation) => {
        if (!mayEdit(conversation, actor)) throw new DomainError('FORBIDDEN');
        if (dto.posting !== undefined && conversation.type !== 'group') {
          throw DomainError.invalid('posting', 'belongs to groups');
        }
        const { title, description, avatar_url: avatarUrl, posting } = dto;
        const change = { title, description, avatarUrl, posting };
        return Object.values(change).some((value) => value !== undefined) ? change : undefined;
      },
      (changed) => this.announcer.updated(changed),
    );
    return this.views.get(actor.userId, conversationId);
  }

  /**
   * Takes people in: by the creator or an administrator, and the row of who adds them in the matrix.
   * @throws CONVERSATION_NOT_FOUND, FORBIDDEN, RECIPIENT_NOT_FOUND, ROLE_NOT_ALLOWED, VALIDATION_FAILED (too many)
   */
  async add(caller: Actor, conversationId: string, userIds: readonly string[]): Promise<ConversationPayload> {
    const actor = await this.users.refresh(caller);
    let newcomers: string[] = [];
    await this.apply(
      actor,
      conversationId,
      async (conversation) => {
        await this.requireManager(conversation, actor);
        newcomers = [...new Set(userIds)].filter((id) => !conversation.participants.includes(id));
        if (newcomers.length === 0) return undefined;
        await this.checkNewcomers(conversation, actor, newcomers);
        await this.startMemberships(conversation, newcomers);
        return { participants: [...conversation.participants, ...newcomers] };
      },
      (changed) => this.announcer.joined(changed, newcomers),
    );
    return this.views.get(actor.userId, conversationId);
  }

  /**
   * Takes a person out, or leaves. From the moment this ends, REST, history and live events are closed to them.
   * @throws CONVERSATION_NOT_FOUND, FORBIDDEN, NOT_PARTICIPANT
   */
  async remove(caller: Actor, conversationId: string, userId: string): Promise<void> {
    const actor = await this.users.refresh(caller);
    await this.apply(
      actor,
      conversationId,
      async (conversation) => {
        if (conversation.type !== 'group') throw new DomainError('FORBIDDEN');
        if (userId !== actor.userId) await this.requireManager(conversation, actor);
        if (!conversation.participants.includes(userId)) throw new DomainError('NOT_PARTICIPANT');
        // First, and after the read: whoever has a cursor from before it was still in by then, so `sync` misses nobody.
        await this.memberships.leave(conversation.id, userId, new Date(this.clock.now()));
        return { participants: conversation.participants.filter((id) => id !== userId) };
      },
      (changed) => this.announcer.left(changed, userId),
    );
  }

  /** Reads, decides, writes; again when somebody else changed it in between. */
  private apply(
    { userId }: Actor,
    conversationId: string,
    decide: Decide,
    tell: (changed: Conversation) => Promise<void> | void,
  ): Promise<void> {
    return this.announcer.inTurn(conversationId, async () => {
      const viewer = await this.reader.viewer(userId);
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const read = await this.repository.findForViewer(conversationId, viewer);
        if (!read) throw new DomainError('CONVERSATION_NOT_FOUND');
        const change = await decide(read);
        if (!change) return;
        const changed = await this.repository.change(read, change, new Date(this.clock.now()));
        if (!changed) continue;
        this.reader.changed(changed);
        await tell(changed);
        return;
      }
      throw new DomainError('CONFLICT');
    });
  }

  /** The creator or an administrator; the creator gone, teachers in it as well (contract 3). */
  private async requireManager(conversation: Conversation, actor: Actor): Promise<void> {
    if (conversation.type !== 'group') throw new DomainError('FORBIDDEN');
    if (mayEdit(conversation, actor)) return;
    if (!isStaff(actor.role) || (await this.hasItsCreator(conversation))) throw new DomainError('FORBIDDEN');
  }

  private async hasItsCreator({ createdBy, participants }: Conversation): Promise<boolean> {
    if (!participants.includes(createdBy)) return false;
    return (await this.users.findMany([createdBy])).get(createdBy)?.isActive ?? false;
  }

  private async checkNewcomers(conversation: Conversation, actor: Actor, newcomers: readonly string[]): Promise<void> {
    const max = this.config.maxGroupParticipants;
    if (conversation.participants.length + newcomers.length > max) {
      throw DomainError.invalid('user_ids', `a group has at most ${max} participants`);
    }
    const people = await this.users.requireRecipients(newcomers, actor);
    if (!people.every(({ role }) => canMessage(actor.role, role))) throw new DomainError('ROLE_NOT_ALLOWED');
  }

  /** Before the access list: whoever is in a conversation has a place in it. They start at the last message of now. */
  private async startMemberships(conversation: Conversation, newcomers: readonly string[]): Promise<void> {
    const { id, summary } = await this.reader.settled(conversation);
    const now = new Date(this.clock.now());
    await this.memberships.start(newcomers.map((userId) => membershipFrom(id, userId, summary.seq, now)));
  }
}

const mayEdit = ({ type, createdBy }: Conversation, { userId, role }: Actor): boolean =>
  type !== 'direct' && (role === 'admin' || (type === 'group' && createdBy === userId));
