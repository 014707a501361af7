import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor';
import { Clock } from '../common/clock';
import { DomainError } from '../common/errors/domain-error';
import type { ConversationPayload } from '../contract/payloads';
import { FOREVER, isArchived, lastOf, type Conversation } from './conversation';
import { ConversationAnnouncer } from './conversation-announcer';
import { ConversationReader } from './conversation-reader';
import { ConversationsRepository } from './conversations.repository';
import { MembershipsRepository } from './memberships.repository';
import type { ArchiveDto, MuteDto } from './dto/own-view.dto';

/** Archive and mute: one person's own view of a conversation, on all their devices. */
@Injectable()
export class OwnViewService {
  constructor(
    private readonly repository: ConversationsRepository,
    private readonly memberships: MembershipsRepository,
    private readonly reader: ConversationReader,
    private readonly announcer: ConversationAnnouncer,
    private readonly clock: Clock,
  ) {}

  /** Puts a conversation away up to its last message of now, or brings it back. @throws CONVERSATION_NOT_FOUND */
  async archive({ userId }: Actor, conversationId: string, { archived }: ArchiveDto): Promise<ConversationPayload> {
    const { summary } = await this.reader.requireSettled(conversationId, userId);
    await this.memberships.setArchived(conversationId, userId, archived ? summary.seq : null);
    return this.tell(userId, conversationId);
  }

  /** @throws CONVERSATION_NOT_FOUND; VALIDATION_FAILED for an end that is past */
  async mute({ userId }: Actor, conversationId: string, { muted, until }: MuteDto): Promise<ConversationPayload> {
    const conversation = await this.reader.requireSettled(conversationId, userId);
    if (until !== undefined && !muted) throw DomainError.invalid('until', 'belongs to a mute');
    const end = until === undefined ? FOREVER : new Date(until);
    if (end.getTime() <= this.clock.now()) throw DomainError.invalid('until', 'must be in the future');
    await this.keepArchived(userId, conversation);
    await this.memberships.setMuted(conversationId, userId, muted ? end : null);
    return this.tell(userId, conversationId);
  }

  /** A mute that begins or ends moves nothing in the list: only a message does. */
  private async keepArchived(userId: string, conversation: Conversation): Promise<void> {
    const { id, summary } = conversation;
    const [membership] = await this.memberships.findPairs([{ conversationId: id, userId }]);
    if (!membership || membership.archivedSeq === null) return;
    const archived = isArchived(membership, lastOf(conversation), this.clock.now());
    await this.memberships.setArchived(id, userId, archived ? summary.seq : null);
  }

  private async tell(userId: string, conversationId: string): Promise<ConversationPayload> {
    await this.repository.moveReceipts([conversationId]);
    return this.announcer.ownViewChanged(userId, conversationId);
  }
}
