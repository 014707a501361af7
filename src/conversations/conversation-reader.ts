import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../common/clock';
import { DomainError } from '../common/errors/domain-error';
import { AppConfig } from '../config/app-config';
import { MessagesRepository } from '../message-store/messages.repository';
import { AdminRoster } from '../users/admin-roster';
import { UsersService } from '../users/users.service';
import { membershipFrom, takesPart, type Conversation, type Viewer } from './conversation';
import { ConversationsRepository } from './conversations.repository';
import { MembershipsRepository } from './memberships.repository';
import { SummarySettler } from './summary-settler';
import { VersionLookup } from './version-lookup';

const CACHED_CONVERSATIONS = 10_000;
const KNOWN_MEMBERSHIPS = 50_000;

/** A conversation at a time, and a `seq` that it had reached by then. */
export interface Current {
  readonly conversation: Conversation;
  readonly seq: number;
}

/** Who may read what: access is part of every query, and a summary that may lag is settled before it is shown. */
@Injectable()
export class ConversationReader {
  /**
   * Who is in a conversation, for the send path. Every change of this process goes through `changed`. One process alone
   * (REDIS_URL unset) can trust what stands here; several ask the store for the version first (docs/adr/0006).
   */
  private readonly access = new LRUCache<string, Conversation>({ max: CACHED_CONVERSATIONS });
  /** Administrators, by when their role began, who have a membership in a support conversation: it is looked for once. */
  private readonly admitted = new LRUCache<string, true>({ max: KNOWN_MEMBERSHIPS });

  /** Other processes may write conversations too. */
  private readonly isShared: boolean;

  constructor(
    private readonly repository: ConversationsRepository,
    private readonly memberships: MembershipsRepository,
    private readonly messages: MessagesRepository,
    private readonly settler: SummarySettler,
    private readonly users: UsersService,
    private readonly admins: AdminRoster,
    private readonly clock: Clock,
    private readonly versions: VersionLookup,
    config: AppConfig,
  ) {
    this.isShared = config.redisUrl !== undefined;
  }

  /** @returns the conversation without a trustworthy summary, or undefined for who is not in it. */
  async findForParticipant(conversationId: string, userId: string): Promise<Conversation | undefined> {
    const cached = this.isShared ? await this.confirmed(conversationId) : this.access.get(conversationId);
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
    const cached = this.isShared ? await this.confirmed(conversationId) : this.access.get(conversationId);
    const found = cached ?? (await this.repository.findById(conversationId));
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

  /**
   * For after a longer read: what was said once a person is out is not theirs, although they were in when it began.
   * @throws CONVERSATION_NOT_FOUND for who was taken out since, as far as this process has been told. No I/O.
   */
  requireStill(conversationId: string, userId: string): void {
    const known = this.access.get(conversationId);
    if (known?.audience === null && !known.participants.includes(userId))
      throw new DomainError('CONVERSATION_NOT_FOUND');
  }

  /** The person as access sees them now: the directory's role counts, whatever a token says. */
  async viewer(userId: string): Promise<Viewer> {
    const entry = (await this.users.findMany([userId])).get(userId);
    const isAdmin = entry?.role === 'admin' && entry.isActive;
    return { userId, isAdmin, adminSince: entry?.adminSince, adminUntil: entry?.adminUntil };
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

  /**
   * The conversations as the store holds them at or after the call, whichever node changed them, and the administrators
   * of now. Those that do not exist are left out.
   */
  async current(conversationIds: readonly string[]): Promise<Map<string, Current>> {
    const standings = await this.versions.ofMany(conversationIds);
    const isOld = (id: string): boolean => (this.access.get(id)?.version ?? 0) < (standings.get(id)?.version ?? 0);
    const old = conversationIds.filter(isOld);
    const read = old.length === 0 ? [] : await this.repository.findByIds(old);
    const found = new Map(read.map((conversation) => [conversation.id, this.changed(conversation)]));
    const current = new Map<string, Current>();
    for (const id of conversationIds) {
      const conversation = found.get(id) ?? this.access.get(id);
      const standing = standings.get(id);
      if (conversation && standing) current.set(id, { conversation, seq: standing.seq });
    }
    if ([...current.values()].some(({ conversation }) => conversation.audience !== null)) await this.admins.refresh();
    return current;
  }

  /**
   * As `settled`, of what the store holds now: a conversation that is remembered does not know of messages that came
   * since, because they do not move its version.
   */
  async settledNow(conversationId: string): Promise<Conversation | undefined> {
    const found = await this.repository.findById(conversationId);
    return found && this.settled(found);
  }

  /** @returns the conversation with a summary that holds every message committed before it was read. */
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
   * role began counts as read (contract 1), and so it does where it ended and began again.
   */
  async admit(conversation: Conversation, viewer: Viewer): Promise<void> {
    const { id, participants, audience } = conversation;
    if (audience === null) return;
    await this.admins.refresh();
    if (participants.includes(viewer.userId)) return;
    const pair = { conversationId: id, userId: viewer.userId };
    const since = viewer.adminSince ?? new Date(0);
    const key = JSON.stringify([pair, since]);
    if (this.admitted.has(key)) return;
    const [known] = await this.memberships.findPairs([pair]);
    if (known?.roleBegin?.at.getTime() !== since.getTime()) {
      const seq = await this.messages.seqAt(id, since);
      if (!known) await this.memberships.add([membershipFrom(id, viewer.userId, seq, new Date(this.clock.now()))]);
      await this.memberships.beginRole({ ...pair, seq, at: since });
    }
    this.admitted.set(key, true);
  }

  /** @returns what is remembered, if the store says that nobody has changed it since. */
  private async confirmed(conversationId: string): Promise<Conversation | undefined> {
    if (!this.access.has(conversationId)) return undefined;
    const standing = await this.versions.of(conversationId);
    const known = this.access.get(conversationId);
    return known && standing && known.version >= standing.version ? known : undefined;
  }

  /** A read that began before a change may end after it. */
  private latest(conversation: Conversation): Conversation {
    const known = this.access.get(conversation.id);
    return known && known.version > conversation.version ? known : conversation;
  }
}
