import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import type { ConversationPage, ConversationPayload, OnlineStatus } from '../contract/payloads';
import type { Message } from '../message-store/message';
import { MessagesRepository } from '../message-store/messages.repository';
import { Retention } from '../message-store/retention';
import { Presence } from '../presence/presence';
import { shownStatus } from '../presence/presence-rules';
import { UsersService } from '../users/users.service';
import { isArchived, type Conversation, type Last, type Membership, type Viewer } from './conversation';
import { ownView, presentConversation, type OwnView } from './conversation.presenter';
import { ConversationReader } from './conversation-reader';
import { ConversationsRepository, type ListedRow } from './conversations.repository';
import { MembershipsRepository } from './memberships.repository';
import type { ListConversationsDto } from './dto/list-conversations.dto';
import { OwnPositions } from './own-positions';
import { SummarySettler } from './summary-settler';
import { UnreadCounter } from './unread-counter';

const DETAILED_IN_LISTS = 20;

/** What some people are to be told, because they see the same. */
export interface SharedView {
  readonly conversation: ConversationPayload;
  readonly recipientIds: readonly string[];
}

/** A conversation, settled, and who is to be told of it. */
interface SharedScene {
  readonly conversation: Conversation;
  readonly memberships: ReadonlyMap<string, Membership>;
  readonly recipientIds: readonly string[];
}

/** Conversations as their participants see them. */
@Injectable()
export class ConversationViews {
  constructor(
    private readonly repository: ConversationsRepository,
    private readonly memberships: MembershipsRepository,
    private readonly reader: ConversationReader,
    private readonly messages: MessagesRepository,
    private readonly retention: Retention,
    private readonly positions: OwnPositions,
    private readonly unread: UnreadCounter,
    private readonly settler: SummarySettler,
    private readonly users: UsersService,
    private readonly presence: Presence,
    private readonly clock: Clock,
  ) {}

  /** One conversation, complete. @throws CONVERSATION_NOT_FOUND */
  async get(userId: string, conversationId: string): Promise<ConversationPayload> {
    return this.present(userId, await this.reader.requireSettled(conversationId, userId));
  }

  /** Complete view of a conversation for one participant. */
  async present(userId: string, conversation: Conversation): Promise<ConversationPayload> {
    const memberships = byUser(await this.memberships.findIn(conversation.id));
    const [last] = await this.lastMessages([conversation]);
    const membership = memberships.get(userId);
    const [unread = 0] = await this.unread.count([{ conversation, membership }]);
    const own = ownView(conversation, membership, unread, this.clock.now());
    const online = await this.presence.onlineAmong(conversation.participants);
    return this.view(conversation, own, memberships, last, conversation.participants, online);
  }

  /**
   * What each of the recipients is to be told of a conversation as it is now; participants are described as in lists.
   * People who see the same share one view, so that a change in a large group is encoded a few times and not once for each.
   */
  async presentShared(conversationId: string, recipientIds: readonly string[]): Promise<SharedView[]> {
    const current = await this.reader.settledNow(conversationId);
    if (!current) return [];
    const memberships = byUser(await this.memberships.findIn(current.id));
    return (await this.share([{ conversation: current, memberships, recipientIds }], DETAILED_IN_LISTS)).flat();
  }

  /**
   * As `presentShared`, of many conversations and complete. Those that do not exist any more are left out.
   * @param wanted who asks, by conversation
   */
  async presentEach(wanted: ReadonlyMap<string, readonly string[]>): Promise<Map<string, SharedView[]>> {
    const ids = [...wanted.keys()];
    const found = await this.repository.findByIds(ids);
    const current = await Promise.all(found.map((conversation) => this.reader.settled(conversation)));
    const memberships = await this.memberships.findInEach(ids);
    const scenes = current.map((conversation) => ({
      conversation,
      memberships: byUser(memberships.get(conversation.id) ?? []),
      recipientIds: wanted.get(conversation.id) ?? [],
    }));
    const shared = await this.share(scenes, Infinity);
    return new Map(current.map(({ id }, index) => [id, shared[index] ?? []]));
  }

  /** @returns the views of each scene, in the same order. */
  private async share(scenes: readonly SharedScene[], most: number): Promise<SharedView[][]> {
    const last = byId(await this.lastMessages(scenes.map(({ conversation }) => conversation)));
    const unread = await this.unread.count(
      scenes.flatMap(({ conversation, memberships, recipientIds }) =>
        recipientIds.map((userId) => ({ conversation, membership: memberships.get(userId) })),
      ),
    );
    const online = await this.presence.onlineAmong([
      ...new Set(scenes.flatMap(({ conversation }) => conversation.participants.slice(0, most))),
    ]);
    let counted = 0;
    return Promise.all(
      scenes.map(({ conversation, memberships, recipientIds }) => {
        const groups = new Map<string, { own: OwnView; recipientIds: string[] }>();
        for (const userId of recipientIds) {
          const own = ownView(conversation, memberships.get(userId), unread[counted++] ?? 0, this.clock.now());
          const key = JSON.stringify(own);
          const group = groups.get(key) ?? { own, recipientIds: [] };
          group.recipientIds.push(userId);
          groups.set(key, group);
        }
        const lastMessage = last.get(conversation.summary.lastId ?? '');
        const detailed = conversation.participants.slice(0, most);
        return Promise.all(
          [...groups.values()].map(async (group) => ({
            conversation: await this.view(conversation, group.own, memberships, lastMessage, detailed, online),
            recipientIds: group.recipientIds,
          })),
        );
      }),
    );
  }

  /** The user's conversations, latest first; without those put away unless they are asked for. */
  async list(userId: string, { page, limit, archived, unread }: ListConversationsDto): Promise<ConversationPage> {
    const viewer = await this.reader.viewer(userId);
    await this.settler.settle(await this.repository.findHotIds(viewer));
    const skip = (page - 1) * limit;
    const { rows, total } = unread
      ? await this.unreadRows(viewer, archived, skip, limit)
      : await this.rows(viewer, archived, skip, limit);
    const ids = rows.map(({ id }) => id);
    const found = new Map((await this.repository.findManyForViewer(ids, viewer)).map((c) => [c.id, c]));
    const conversations = ids.flatMap((id) => found.get(id) ?? []);
    for (const conversation of conversations) await this.reader.admit(conversation, viewer);
    return { conversations: await this.presentMany(userId, conversations), total_count: total, page, limit };
  }

  private async rows(
    viewer: Viewer,
    archived: ListConversationsDto['archived'],
    skip: number,
    limit: number,
  ): Promise<{ rows: ListedRow[]; total: number }> {
    const hidden = archived === 'all' ? [] : await this.archivedRows(viewer);
    if (archived === 'true') return { rows: hidden.slice(skip, skip + limit), total: hidden.length };
    const without = hidden.map(({ id }) => id);
    const [rows, count] = await Promise.all([
      this.repository.findRecent(viewer, { without, limit: skip + limit }),
      this.repository.countListed(viewer),
    ]);
    return { rows: rows.slice(skip), total: Math.max(0, count - hidden.length) };
  }

  /** What the viewer has put away and no message has brought back; few, and looked up by their ids. */
  private async archivedRows(viewer: Viewer): Promise<ListedRow[]> {
    const marked = await this.memberships.findArchived(viewer.userId);
    if (marked.length === 0) return [];
    const memberships = new Map(marked.map((membership) => [membership.conversationId, membership]));
    const rows = await this.repository.findListed(viewer, [...memberships.keys()]);
    const now = this.clock.now();
    return rows.filter((row) => isArchived(memberships.get(row.id), lastIn(row), now));
  }

  /** Positions against heads, over the viewer's own conversations: what is unread stands in no index. */
  private async unreadRows(
    viewer: Viewer,
    archived: ListConversationsDto['archived'],
    skip: number,
    limit: number,
  ): Promise<{ rows: ListedRow[]; total: number }> {
    const { rows, memberships } = await this.positions.of(viewer);
    const now = this.clock.now();
    const joined = rows.filter((row) => {
      const membership = memberships.get(row.id);
      if (!membership) return false;
      return archived === 'all' || isArchived(membership, lastIn(row), now) === (archived === 'true');
    });
    const counts = await this.unread.count(
      joined.map((conversation) => ({ conversation, membership: memberships.get(conversation.id) })),
    );
    const unread = joined.filter((_, index) => (counts[index] ?? 0) > 0);
    return { rows: unread.slice(skip, skip + limit), total: unread.length };
  }

  private async presentMany(userId: string, conversations: readonly Conversation[]): Promise<ConversationPayload[]> {
    const detailed = new Map(conversations.map((c) => [c.id, c.participants.slice(0, DETAILED_IN_LISTS)]));
    const pairs = conversations.flatMap((c) =>
      [...new Set([userId, ...(detailed.get(c.id) ?? [])])].map((id) => ({ conversationId: c.id, userId: id })),
    );
    const people = [...new Set(pairs.map((pair) => pair.userId))];
    const [memberships, previews, online] = await Promise.all([
      this.memberships.findPairs(pairs),
      this.lastMessages(conversations),
      this.presence.onlineAmong(people),
      this.users.findMany(people),
    ]);
    const lastMessages = byId(previews);
    const mine = new Map(memberships.filter((m) => m.userId === userId).map((m) => [m.conversationId, m]));
    const unread = await this.unread.count(
      conversations.map((conversation) => ({ conversation, membership: mine.get(conversation.id) })),
    );
    return Promise.all(
      conversations.map((c, index) => {
        const members = byUser(memberships.filter(({ conversationId }) => conversationId === c.id));
        const own = ownView(c, members.get(userId), unread[index] ?? 0, this.clock.now());
        return this.view(c, own, members, lastMessages.get(c.summary.lastId ?? ''), detailed.get(c.id) ?? [], online);
      }),
    );
  }

  /** Read from the log: what is edited, deleted or expired leaves no copy behind. */
  private async lastMessages(conversations: readonly Conversation[]): Promise<Message[]> {
    const found = await this.messages.findByIds(conversations.flatMap((c) => c.summary.lastId ?? []));
    return found.filter((message) => !this.retention.isExpired(message));
  }

  private async view(
    conversation: Conversation,
    own: OwnView,
    memberships: ReadonlyMap<string, Membership>,
    lastMessage: Message | undefined,
    detailed: readonly string[],
    online: ReadonlySet<string>,
  ): Promise<ConversationPayload> {
    const directory = await this.users.findMany(detailed);
    const onlineStatus = (id: string): OnlineStatus =>
      shownStatus(online.has(id), directory.get(id)?.chosenStatus ?? 'online');
    return presentConversation({ conversation, own, memberships, directory, lastMessage, detailed, onlineStatus });
  }
}

const lastIn = ({ summary, activityAt }: ListedRow): Last => ({ seq: summary.seq, at: activityAt });

const byUser = (memberships: readonly Membership[]): Map<string, Membership> =>
  new Map(memberships.map((membership) => [membership.userId, membership]));

const byId = (messages: readonly Message[]): Map<string, Message> =>
  new Map(messages.map((message) => [message.id, message]));
