import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log';
import { DomainError } from '../common/errors/domain-error';
import type { Conversation, Membership, PositionMark } from '../conversations/conversation';
import { ConversationsRepository } from '../conversations/conversations.repository';
import { MembershipsRepository } from '../conversations/memberships.repository';
import { clientKeyOf, dedupeKeyOf, type Message } from '../message-store/message';
import { MessagesRepository, type Moment } from '../message-store/messages.repository';
import { Retention } from '../message-store/retention';
import type { DirectoryEntry } from '../users/directory-entry';
import { UsersService } from '../users/users.service';

const BATCH = 200;

/** What the service keeps of one person, as JSON. What others wrote is theirs and not in it. */
@Injectable()
export class PersonExport {
  constructor(
    private readonly users: UsersService,
    private readonly conversations: ConversationsRepository,
    private readonly memberships: MembershipsRepository,
    private readonly messages: MessagesRepository,
    private readonly retention: Retention,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Pieces of one JSON object `{user, memberships, receipts, messages}`; never more than a batch of messages is held.
   * Messages that have expired are not in it.
   * @param actorId who is named in the audit
   * @throws RECIPIENT_NOT_FOUND for a person nobody told us of; DATABASE_UNAVAILABLE and the store's own errors
   */
  async *pieces(userId: string, actorId: string): AsyncGenerator<string> {
    const entry = (await this.users.findMany([userId])).get(userId);
    if (!entry) throw new DomainError('RECIPIENT_NOT_FOUND');
    await this.audit.record({ action: 'user.exported', actorId, subjectId: userId });
    const memberships = await this.memberships.findOfUser(userId);
    yield `{\n"user": ${JSON.stringify(userOf(entry))}`;
    yield* list('memberships', this.membershipsOf(userId, memberships));
    yield* list('receipts', chunks(memberships, receiptsOf));
    yield* list('messages', this.messagesOf(userId));
    yield '\n}\n';
  }

  private async *membershipsOf(userId: string, all: readonly Membership[]): AsyncGenerator<object[]> {
    for (const some of chunks(all, (membership) => membership)) {
      const ids = some.map(({ conversationId }) => conversationId);
      // Where the person is no longer in, the conversation itself is not theirs to see.
      const found = await this.conversations.findManyForViewer(ids, { userId, isAdmin: false });
      const byId = new Map(found.map((conversation) => [conversation.id, conversation]));
      yield some.map((membership) => membershipOf(membership, byId.get(membership.conversationId)));
    }
  }

  private async *messagesOf(userId: string): AsyncGenerator<object[]> {
    let after: Moment | undefined;
    for (;;) {
      const batch = await this.messages.sentBy(userId, after, BATCH);
      yield batch.filter((message) => !this.retention.isExpired(message)).map(messageOf);
      after = batch.at(-1);
      if (batch.length < BATCH) return;
    }
  }
}

function* chunks<T, U>(all: readonly T[], present: (one: T) => U): Generator<U[]> {
  for (let start = 0; start < all.length; start += BATCH) yield all.slice(start, start + BATCH).map(present);
}

/** One member of the object, an item a line. */
async function* list(
  name: string,
  batches: AsyncIterable<readonly object[]> | Iterable<readonly object[]>,
): AsyncGenerator<string> {
  let separator = '\n';
  yield `,\n"${name}": [`;
  for await (const batch of batches) {
    if (batch.length === 0) continue;
    yield separator + batch.map((item) => JSON.stringify(item)).join(',\n');
    separator = ',\n';
  }
  yield '\n]';
}

const userOf = (entry: DirectoryEntry): object => ({
  user_id: entry.userId,
  username: entry.username,
  display_name: entry.displayName,
  role: entry.role,
  email: entry.email,
  avatar_url: entry.avatarUrl,
  is_active: entry.isActive,
  last_seen: entry.lastSeen,
  notification_settings: entry.notificationSettings,
});

const membershipOf = (membership: Membership, conversation: Conversation | undefined): object => ({
  conversation_id: membership.conversationId,
  is_participant: conversation !== undefined,
  conversation_type: conversation?.type ?? null,
  title: conversation?.title ?? null,
  joined_seq: membership.joinedSeq,
  archived_seq: membership.archivedSeq,
  muted_until: membership.mutedUntil,
  role_begin: membership.roleBegin ?? null,
});

const markOf = ({ seq, at }: PositionMark): object => ({ seq, at });

const receiptsOf = (membership: Membership): object => ({
  conversation_id: membership.conversationId,
  read_seq: membership.readSeq,
  read_at: membership.readAt,
  delivered_seq: membership.deliveredSeq,
  read_marks: membership.readMarks.map(markOf),
  delivered_marks: membership.deliveredMarks.map(markOf),
});

const messageOf = (message: Message): object => ({
  message_id: message.id,
  conversation_id: message.conversationId,
  seq: message.seq,
  client_message_id: clientKeyOf(message),
  dedupe_key: dedupeKeyOf(message),
  sender_name: message.senderName,
  content: message.content,
  message_type: message.type,
  metadata: message.metadata,
  reply_to: message.replyTo,
  edits: message.edits.map(({ content, editedAt }) => ({ content, edited_at: editedAt })),
  is_edited: message.isEdited,
  is_deleted: message.isDeleted,
  created_at: message.createdAt,
  updated_at: message.updatedAt,
});
