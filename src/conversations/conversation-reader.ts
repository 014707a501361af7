import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { DomainError } from '../common/errors/domain-error';
import type { ConversationPage, ConversationPayload, OnlineStatus } from '../contract/payloads';
import type { Message } from '../message-store/message';
import { MessagesRepository } from '../message-store/messages.repository';
import { ConnectionRegistry } from '../presence/connection-registry';
import { UsersService } from '../users/users.service';
import type { Conversation, Membership } from './conversation';
import { presentConversation } from './conversation.presenter';
import { ConversationsRepository } from './conversations.repository';
import { SummarySettler } from './summary-settler';

const DETAILED_IN_LISTS = 20;
const CACHED_CONVERSATIONS = 10_000;

/** Reading conversations: access is part of every query, and a summary that may lag is settled before it is shown. */
@Injectable()
export class ConversationReader {
  /**
   * Who is in a conversation, for the send path. One process writes memberships (contract 7, REDIS_URL unset), and every
   * change goes through `forget`, so what stands here is what the store holds.
   */
  private readonly access = new LRUCache<string, Conversation>({ max: CACHED_CONVERSATIONS });

  constructor(
    private readonly repository: ConversationsRepository,
    private readonly messages: MessagesRepository,
    private readonly settler: SummarySettler,
    private readonly users: UsersService,
    private readonly connections: ConnectionRegistry,
  ) {}

  /** @returns the conversation without a trustworthy summary, or undefined for who is not in it. */
  async findForParticipant(conversationId: string, userId: string): Promise<Conversation | undefined> {
    const cached = this.access.get(conversationId);
    if (cached) return cached.participants.includes(userId) ? cached : undefined;
    const found = await this.repository.findForParticipant(conversationId, userId);
    if (found) this.access.set(conversationId, found);
    return found;
  }

  /** @throws CONVERSATION_NOT_FOUND, the same whether it does not exist or is not the user's. */
  async requireForParticipant(conversationId: string, userId: string): Promise<Conversation> {
    const found = await this.findForParticipant(conversationId, userId);
    if (!found) throw new DomainError('CONVERSATION_NOT_FOUND');
    return found;
  }

  /** As `requireForParticipant`, with a summary that holds every message committed before the call. */
  async requireSettled(conversationId: string, userId: string): Promise<Conversation> {
    const read = async (): Promise<Conversation> => {
      const found = await this.repository.findForParticipant(conversationId, userId);
      if (!found) throw new DomainError('CONVERSATION_NOT_FOUND');
      return found;
    };
    const found = await read();
    if (!found.hotUntil) return found;
    await this.settler.settle([conversationId]);
    return read();
  }

  /** One conversation, complete. @throws CONVERSATION_NOT_FOUND */
  async get(userId: string, conversationId: string): Promise<ConversationPayload> {
    return this.present(userId, await this.requireSettled(conversationId, userId));
  }

  /** The user's conversations, latest first. */
  async list(userId: string, page: number, limit: number): Promise<ConversationPage> {
    await this.settler.settle(await this.repository.findHotIds(userId));
    const [conversations, total] = await Promise.all([
      this.repository.findPage(userId, (page - 1) * limit, limit),
      this.repository.countForParticipant(userId),
    ]);
    return { conversations: await this.presentMany(userId, conversations), total_count: total, page, limit };
  }

  /** Complete view of a conversation for one participant. */
  async present(userId: string, conversation: Conversation): Promise<ConversationPayload> {
    const memberships = byUser(await this.repository.findMemberships(conversation.id));
    const last = conversation.summary.lastId ? await this.messages.findById(conversation.summary.lastId) : undefined;
    return this.view(userId, conversation, memberships, last, conversation.participants);
  }

  /** The view of each participant of a new conversation. */
  async presentForAll(conversation: Conversation): Promise<Map<string, ConversationPayload>> {
    const memberships = byUser(await this.repository.findMemberships(conversation.id));
    const payloads = new Map<string, ConversationPayload>();
    const first = await this.view(
      conversation.createdBy,
      conversation,
      memberships,
      undefined,
      conversation.participants,
    );
    // A new conversation holds nothing that differs between its participants.
    for (const userId of conversation.participants) payloads.set(userId, first);
    return payloads;
  }

  private async presentMany(userId: string, conversations: readonly Conversation[]): Promise<ConversationPayload[]> {
    const detailed = new Map(conversations.map((c) => [c.id, c.participants.slice(0, DETAILED_IN_LISTS)]));
    const pairs = conversations.flatMap((c) =>
      [...new Set([userId, ...(detailed.get(c.id) ?? [])])].map((id) => ({ conversationId: c.id, userId: id })),
    );
    const lastIds = conversations.flatMap((c) => c.summary.lastId ?? []);
    const [memberships, previews] = await Promise.all([
      this.repository.findMembershipsOf(pairs),
      this.messages.findByIds(lastIds),
      this.users.findMany(pairs.map((pair) => pair.userId)),
    ]);
    const lastMessages = new Map(previews.map((message) => [message.id, message]));
    return Promise.all(
      conversations.map((c) =>
        this.view(
          userId,
          c,
          byUser(memberships.filter((m) => m.conversationId === c.id)),
          lastMessages.get(c.summary.lastId ?? ''),
          detailed.get(c.id) ?? [],
        ),
      ),
    );
  }

  private async view(
    viewerId: string,
    conversation: Conversation,
    memberships: ReadonlyMap<string, Membership>,
    lastMessage: Message | undefined,
    detailed: readonly string[],
  ): Promise<ConversationPayload> {
    const directory = await this.users.findMany(detailed);
    const onlineStatus = (id: string): OnlineStatus => (this.connections.isOnline(id) ? 'online' : 'offline');
    return presentConversation({ conversation, viewerId, memberships, directory, lastMessage, detailed, onlineStatus });
  }
}

const byUser = (memberships: readonly Membership[]): Map<string, Membership> =>
  new Map(memberships.map((membership) => [membership.userId, membership]));
