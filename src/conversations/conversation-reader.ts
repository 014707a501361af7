import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../common/clock';
import { DomainError } from '../common/errors/domain-error';
import { MessagesRepository } from '../message-store/messages.repository';
import { AdminRoster } from '../users/admin-roster';
import { UsersService } from '../users/users.service';
import { membershipFrom, takesPart, type Conversation, type Viewer } from './conversation';
import { ConversationsRepository } from './conversations.repository';
import { SummarySettler } from './summary-settler';

const CACHED_CONVERSATIONS = 10_000;
const KNOWN_MEMBERSHIPS = 50_000;

/** Who may read what: access is part of every query, and a summary that may lag is settled before it is shown. */
@Injectable()
export class ConversationReader {
  /**
   * Who is in a conversation, for the send path. One process writes conversations (contract 7, REDIS_URL unset), and
   * every change goes through `changed`, so what stands here is what the store holds.
   */
  private readonly access = new LRUCache<string, Conversation>({ max: CACHED_CONVERSATIONS });
  /** Administrators who have a membership in a support conversation, so that it is looked for once. */
  private readonly admitted = new LRUCache<string, true>({ max: KNOWN_MEMBERSHIPS });

  constructor(
    private readonly repository: ConversationsRepository,
    private readonly messages: MessagesRepository,
    private readonly settler: SummarySettler,
    private readonly users: UsersService,
    private readonly admins: AdminRoster,
    private readonly clock: Clock,
  ) {}

  /** @returns the conversation without a trustworthy summary, or undefined for who is not in it. */
  async findForParticipant(conversationId: string, userId: string): Promise<Conversation | undefined> {
    const cached = this.access.get(conversationId);
    // The usual case does without the directory: a listed participant of a conversation without an audience.
    if (cached && cached.audience === null) return cached.participants.includes(userId) ? cached : undefined;
    const viewer = await this.viewer(userId);
    const found = cached ?? (await this.repository.findForViewer(conversationId, viewer));
    if (!found) return undefined;
    const latest = this.changed(found);
    if (!takesPart(latest, viewer)) return undefined;
    await this.admit(latest, viewer);
    return latest;
  }

  /** @throws CONVERSATION_NOT_FOUND, the same whether it does not exist or is not the user's. */
  async requireForParticipant(conversationId: string, userId: string): Promise<Conversation> {
    const found = await this.findForParticipant(conversationId, userId);
    if (!found) throw new DomainError('CONVERSATION_NOT_FOUND');
    return found;
  }

  /** For sibling services, which write to conversations without being in them. @throws CONVERSATION_NOT_FOUND */
  async requireExisting(conversationId: string): Promise<Conversation> {
    const found = this.access.get(conversationId) ?? (await this.repository.findById(conversationId));
    if (!found) throw new DomainError('CONVERSATION_NOT_FOUND');
    if (found.audience !== null) await this.admins.refresh();
    return this.changed(found);
  }

  /** As `requireForParticipant`, with a summary that holds every message committed before the call. */
  async requireSettled(conversationId: string, userId: string): Promise<Conversation> {
    const viewer = await this.viewer(userId);
    const found = await this.repository.findForViewer(conversationId, viewer);
    const settled = found && (await this.settled(found));
    // Somebody may have been taken out while the summary was settled.
    if (!settled || !takesPart(settled, viewer)) throw new DomainError('CONVERSATION_NOT_FOUND');
    await this.admit(settled, viewer);
    return settled;
  }

  /** The person as access sees them now: the directory's role counts, whatever a token says. */
  async viewer(userId: string): Promise<Viewer> {
    const entry = (await this.users.findMany([userId])).get(userId);
    return { userId, isAdmin: entry?.role === 'admin' && entry.isActive, adminSince: entry?.adminSince };
  }

  /**
   * Who hears of what happens in the conversation now: its participants as last changed, and all administrators where
   * they take part. Safe inside a commit: no I/O.
   */
  recipientsOf(conversation: Conversation): readonly string[] {
    const { participants, audience } = this.latest(conversation);
    return audience === null ? participants : [...new Set([...participants, ...this.admins.present()])];
  }

  /** As `recipientsOf`, with the administrators of now. */
  async audienceOf(conversation: Conversation): Promise<readonly string[]> {
    if (conversation.audience !== null) await this.admins.refresh();
    return this.recipientsOf(conversation);
  }

  /** @returns the conversation with a summary that holds every message committed before the call. */
  async settled(conversation: Conversation): Promise<Conversation> {
    const { id, hotUntil, summary, floorSeq } = conversation;
    if (!hotUntil) return conversation;
    if (!(await this.settler.settleTail(id, Math.max(summary.seq, floorSeq)))) return conversation;
    return (await this.repository.findById(id)) ?? conversation;
  }

  /**
   * Takes note of a conversation as the store holds it; every change passes here before it is acknowledged.
   * @returns the later of this one and the one known.
   */
  changed(conversation: Conversation): Conversation {
    const latest = this.latest(conversation);
    if (latest === conversation) this.access.set(conversation.id, conversation);
    return latest;
  }

  /**
   * An administrator who comes to a support conversation without a membership gets one here: what came before the
   * role began counts as read (contract 1).
   */
  async admit(conversation: Conversation, viewer: Viewer): Promise<void> {
    const { id, participants, audience } = conversation;
    if (audience === null) return;
    await this.admins.refresh();
    if (participants.includes(viewer.userId)) return;
    const pair = { conversationId: id, userId: viewer.userId };
    const key = JSON.stringify(pair);
    if (this.admitted.has(key)) return;
    if ((await this.repository.findMembershipsOf([pair])).length === 0) {
      const seq = viewer.adminSince ? await this.messages.seqAt(id, viewer.adminSince) : 0;
      await this.repository.addMembership(membershipFrom(id, viewer.userId, seq, new Date(this.clock.now())));
    }
    this.admitted.set(key, true);
  }

  /** A read that began before a change may end after it. */
  private latest(conversation: Conversation): Conversation {
    const known = this.access.get(conversation.id);
    return known && known.version > conversation.version ? known : conversation;
  }
}
