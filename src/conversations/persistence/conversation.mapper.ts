import type { Conversation, Membership } from '../conversation';
import type { ConversationDocument } from './conversation.schema';
import { type MembershipDocument, membershipId } from './membership.schema';

/** The only place that knows both shapes. */
export const toConversation = (document: ConversationDocument): Conversation => ({
  id: document._id,
  type: document.type,
  audience: document.audience ?? null,
  participants: document.participants,
  title: document.title ?? null,
  description: document.description ?? null,
  avatarUrl: document.avatar_url ?? null,
  posting: document.posting,
  history: document.history,
  createdBy: document.created_by,
  version: document.version,
  summary: {
    seq: document.summary.seq,
    mod: document.summary.mod,
    lastId: document.summary.last_id ?? null,
    lastAt: document.summary.last_at ?? null,
    lastBy: document.summary.last_by ?? null,
  },
  floorSeq: document.floor_seq ?? 0,
  hotUntil: document.hot_until ?? null,
  createdAt: document.created_at,
  updatedAt: document.updated_at,
});

/** A new conversation: nothing is settled yet. */
export const fromConversation = (conversation: Conversation): ConversationDocument => ({
  _id: conversation.id,
  type: conversation.type,
  ...(conversation.audience === null ? {} : { audience: conversation.audience }),
  participants: [...conversation.participants],
  ...(conversation.title === null ? {} : { title: conversation.title }),
  ...(conversation.description === null ? {} : { description: conversation.description }),
  ...(conversation.avatarUrl === null ? {} : { avatar_url: conversation.avatarUrl }),
  posting: conversation.posting,
  history: conversation.history,
  created_by: conversation.createdBy,
  version: conversation.version,
  summary: { seq: 0, mod: 0, receipts: 0 },
  activity_at: conversation.createdAt,
  created_at: conversation.createdAt,
  updated_at: conversation.updatedAt,
});

export const toMembership = (document: MembershipDocument): Membership => ({
  conversationId: document.conversation_id,
  userId: document.user_id,
  joinedSeq: document.joined_seq,
  readSeq: document.read_seq,
  readAt: document.read_at ?? null,
  deliveredSeq: document.delivered_seq,
  readMarks: document.read_marks,
  deliveredMarks: document.delivered_marks ?? [],
  archivedSeq: document.archived_seq ?? null,
  mutedUntil: document.muted_until ?? null,
  ...(document.role_begin === undefined ? {} : { roleBegin: document.role_begin }),
});

export const fromMembership = (membership: Membership): MembershipDocument => ({
  _id: membershipId(membership.conversationId, membership.userId),
  conversation_id: membership.conversationId,
  user_id: membership.userId,
  joined_seq: membership.joinedSeq,
  read_seq: membership.readSeq,
  ...(membership.readAt === null ? {} : { read_at: membership.readAt }),
  delivered_seq: membership.deliveredSeq,
  read_marks: [...membership.readMarks],
  ...(membership.deliveredMarks.length === 0 ? {} : { delivered_marks: [...membership.deliveredMarks] }),
  ...(membership.archivedSeq === null ? {} : { archived_seq: membership.archivedSeq }),
  ...(membership.mutedUntil === null ? {} : { muted_until: membership.mutedUntil }),
});
