import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor';
import { DomainError } from '../common/errors/domain-error';
import { isUuid } from '../common/validation/decorators';
import type { HistoryPage, MessageDetailsPayload } from '../contract/payloads';
import { hiddenUpTo, readBySending } from '../conversations/conversation';
import { ConversationReader } from '../conversations/conversation-reader';
import { MembershipsRepository } from '../conversations/memberships.repository';
import { MessagesRepository } from '../message-store/messages.repository';
import { Retention } from '../message-store/retention';
import type { HistoryQueryDto } from './dto/history-query.dto';
import { MessageAccess } from './message-access';
import { presentDetails, presenterIn } from './message.presenter';

const END = Number.MAX_SAFE_INTEGER;

const asksForNewest = ({ page = 1, before_message_id, before_seq, after_seq }: HistoryQueryDto): boolean =>
  page === 1 && before_message_id === undefined && before_seq === undefined && after_seq === undefined;

/** Pages of a conversation's history: a range of one index, whatever the length of the history. */
@Injectable()
export class HistoryService {
  constructor(
    private readonly reader: ConversationReader,
    private readonly memberships: MembershipsRepository,
    private readonly messages: MessagesRepository,
    private readonly access: MessageAccess,
    private readonly retention: Retention,
  ) {}

  /** One message; for its sender with receipts and edits. @throws MESSAGE_NOT_FOUND */
  async one(actor: Actor, messageId: string): Promise<MessageDetailsPayload> {
    const { message, conversation } = await this.access.require(actor, messageId);
    const memberships = await this.memberships.findIn(conversation.id);
    return presentDetails(message, { conversation, viewerId: actor.userId, memberships });
  }

  /** @throws CONVERSATION_NOT_FOUND, MESSAGE_NOT_FOUND (`before_message_id`), VALIDATION_FAILED */
  async page(actor: Actor, conversationId: string, query: HistoryQueryDto): Promise<HistoryPage> {
    const newest = asksForNewest(query) ? await this.newest(actor, conversationId, query.limit) : undefined;
    const found = newest ?? (await this.anyPage(actor, conversationId, query));
    this.reader.requireStill(conversationId, actor.userId);
    return found;
  }

  /**
   * The page that is asked for most: it tells by itself how far the conversation has come and who has read by sending,
   * so that no summary has to be settled first.
   * @returns undefined where there is no message
   */
  private async newest(actor: Actor, conversationId: string, limit: number): Promise<HistoryPage | undefined> {
    const conversation = await this.reader.requireForParticipant(conversationId, actor.userId);
    const [memberships, latest] = await Promise.all([
      this.memberships.findIn(conversationId),
      this.messages.page({ conversationId, after: 0, before: END, limit, forward: false }),
    ]);
    const head = latest.at(-1)?.seq;
    if (head === undefined) return undefined;
    const own = memberships.find(({ userId }) => userId === actor.userId);
    const expired = await this.retention.floorOf({ ...conversation, summary: { seq: head } });
    const floor = Math.max(hiddenUpTo(conversation, own), expired);
    const shown = latest.filter(({ seq }) => seq > floor);
    const present = presenterIn({ conversation, memberships: readBySending(memberships, latest) });
    return {
      messages: shown.map((message) => present(message)(actor.userId)),
      total_count: Math.max(0, head - floor),
      page: 1,
      limit,
      has_more: (shown.at(0)?.seq ?? 0) > floor + 1,
    };
  }

  private async anyPage(actor: Actor, conversationId: string, query: HistoryQueryDto): Promise<HistoryPage> {
    const conversation = await this.reader.requireSettled(conversationId, actor.userId);
    const memberships = await this.memberships.findIn(conversationId);
    const own = memberships.find(({ userId }) => userId === actor.userId);
    const floor = Math.max(hiddenUpTo(conversation, own), await this.retention.floorOf(conversation));
    const head = conversation.summary.seq;
    const { after, before, forward, page } = await this.range(conversationId, query, floor, head);
    const found = await this.messages.page({ conversationId, after, before, limit: query.limit, forward });
    const present = presenterIn({ conversation, memberships });
    const [first, last] = [found.at(0), found.at(-1)];
    return {
      messages: found.map((message) => present(message)(actor.userId)),
      total_count: Math.max(0, head - floor),
      page,
      limit: query.limit,
      has_more: forward ? (last?.seq ?? head) < head : (first?.seq ?? 0) > after + 1,
    };
  }

  private async range(
    conversationId: string,
    query: HistoryQueryDto,
    floor: number,
    head: number,
  ): Promise<{ after: number; before: number; forward: boolean; page: number }> {
    const { after_seq, before_seq, before_message_id, page, limit } = query;
    const given = [after_seq, before_seq, before_message_id, page].filter((value) => value !== undefined);
    if (given.length > 1) throw DomainError.invalid('page', 'one of page, before_message_id, before_seq, after_seq');
    const end = head + 1;
    if (after_seq !== undefined) return { after: Math.max(floor, after_seq), before: end, forward: true, page: 1 };
    if (before_seq !== undefined) return { after: floor, before: Math.min(end, before_seq), forward: false, page: 1 };
    if (before_message_id !== undefined) {
      const message = isUuid(before_message_id) ? await this.messages.findById(before_message_id) : undefined;
      if (message?.conversationId !== conversationId || message.seq <= floor)
        throw new DomainError('MESSAGE_NOT_FOUND');
      return { after: floor, before: message.seq, forward: false, page: 1 };
    }
    // Arithmetic on seq: nothing is skipped over in the store.
    const newest = page ?? 1;
    return { after: floor, before: Math.max(floor, end - (newest - 1) * limit), forward: false, page: newest };
  }
}
