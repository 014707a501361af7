import type { ConversationPayload, OnlineStatus, ParticipantDetails } from '../contract/payloads';
import type { DirectoryEntry } from '../users/directory-entry';
import type { Message } from '../message-store/message';
import { FOREVER, isArchived, isMuted, lastOf, type Conversation, type Membership } from './conversation';

const PREVIEW_CODE_POINTS = 100;

/** What a conversation says to one participant only. */
export type OwnView = Pick<ConversationPayload, 'unread_count' | 'is_muted' | 'muted_until' | 'is_archived'> &
  Partial<typeof NO_PREVIEW>;

/** Where the last message came before the person and the history is for those who were there. */
const NO_PREVIEW = { last_message_id: null, last_message_content: null, last_message_at: null, last_message_by: null };

/** @param now milliseconds since the epoch */
export function ownView(
  conversation: Conversation,
  membership: Membership | undefined,
  unread: number,
  now: number,
): OwnView {
  const { summary, history } = conversation;
  const muted = isMuted(membership, now);
  const until = membership?.mutedUntil ?? null;
  return {
    unread_count: unread,
    is_muted: muted,
    muted_until: muted && until !== null && until < FOREVER ? until.toISOString() : null,
    is_archived: isArchived(membership, lastOf(conversation), now),
    ...(history === 'joined' && summary.seq <= (membership?.joinedSeq ?? 0) ? NO_PREVIEW : {}),
  };
}

export interface ConversationView {
  readonly conversation: Conversation;
  readonly own: OwnView;
  /** Of the participants in `detailed`. */
  readonly memberships: ReadonlyMap<string, Membership>;
  readonly directory: ReadonlyMap<string, DirectoryEntry>;
  /** Undefined: there is none, or it has expired. */
  readonly lastMessage: Message | undefined;
  /** Participants to be described; lists show the first 20. */
  readonly detailed: readonly string[];
  readonly onlineStatus: (userId: string) => OnlineStatus;
}

function presentParticipant(view: ConversationView, userId: string): ParticipantDetails {
  const entry = view.directory.get(userId);
  const membership = view.memberships.get(userId);
  return {
    user_id: userId,
    username: entry?.username ?? userId,
    display_name: entry?.displayName ?? userId,
    // Somebody without an entry never came in by a door of ours: only system messages have such a sender.
    role: entry?.role ?? 'service',
    avatar_url: entry?.avatarUrl ?? null,
    online_status: view.onlineStatus(userId),
    last_read_seq: membership?.readSeq ?? 0,
    last_delivered_seq: membership?.deliveredSeq ?? 0,
  };
}

/** A conversation as one participant sees it: unread, mute and archive are the viewer's own. An allow-list of fields. */
export function presentConversation(view: ConversationView): ConversationPayload {
  const { conversation, lastMessage } = view;
  return {
    conversation_id: conversation.id,
    conversation_type: conversation.type,
    participants: [...conversation.participants],
    participant_count: conversation.participants.length,
    participant_details: view.detailed.map((userId) => presentParticipant(view, userId)),
    title: conversation.title,
    description: conversation.description,
    avatar_url: conversation.avatarUrl,
    posting: conversation.posting,
    history: conversation.history,
    created_by: conversation.createdBy,
    last_message_id: lastMessage?.id ?? null,
    last_message_content: lastMessage ? [...lastMessage.content].slice(0, PREVIEW_CODE_POINTS).join('') : null,
    last_message_at: lastMessage?.createdAt.toISOString() ?? null,
    last_message_by: lastMessage?.senderId ?? null,
    last_seq: conversation.summary.seq,
    total_messages: conversation.summary.seq,
    ...view.own,
    created_at: conversation.createdAt.toISOString(),
    updated_at: conversation.updatedAt.toISOString(),
  };
}
