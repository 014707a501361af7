import type { MessagePayload, MessageStatus } from '../contract/payloads';
import { counterpartOf, readAtOf, type Conversation, type Membership } from '../conversations/conversation';
import type { Message } from '../message-store/message';

/** Up to here receipts are told by name, above by number (contract 2). */
export const NAMED_RECEIPTS = 50;

export interface MessageView {
  readonly conversation: Conversation;
  readonly viewerId: string;
  readonly memberships: readonly Membership[];
}

const statusOf = (message: Message, others: readonly Membership[]): MessageStatus => {
  if (others.length === 0) return 'sent';
  if (others.every((member) => member.readSeq >= message.seq)) return 'read';
  return others.every((member) => member.deliveredSeq >= message.seq) ? 'delivered' : 'sent';
};

function receiptsOf(message: Message, { conversation, memberships }: MessageView): Partial<MessagePayload> {
  const present = new Set(conversation.participants);
  const others = memberships.filter((m) => m.userId !== message.senderId && present.has(m.userId));
  const readers = others.filter((m) => m.readSeq >= message.seq).map((m) => m.userId);
  const receivers = others.filter((m) => m.deliveredSeq >= message.seq).map((m) => m.userId);
  return conversation.participants.length <= NAMED_RECEIPTS
    ? { read_by: readers, delivered_to: receivers }
    : { read_count: readers.length, delivered_count: receivers.length };
}

/**
 * A message as one participant sees it; an allow-list of fields. Receipts are derived from positions: for the sender
 * over all other participants, for a recipient their own (contract 2).
 */
export function presentMessage(message: Message, view: MessageView): MessagePayload {
  const own = message.senderId === view.viewerId;
  const present = new Set(view.conversation.participants);
  const judged = view.memberships.filter((member) =>
    own ? member.userId !== view.viewerId && present.has(member.userId) : member.userId === view.viewerId,
  );
  const status = statusOf(message, judged);
  const readTimes = judged.map((member) => readAtOf(member, message.seq)?.getTime() ?? 0);
  return {
    message_id: message.id,
    conversation_id: message.conversationId,
    seq: message.seq,
    client_message_id: message.clientMessageId,
    sender_id: message.senderId,
    sender_name: message.senderName,
    sender_role: message.senderRole,
    recipient_id: counterpartOf(view.conversation, message.senderId) ?? null,
    content: message.content,
    message_type: message.type,
    status,
    is_read: status === 'read',
    read_at: status === 'read' ? new Date(Math.max(...readTimes)).toISOString() : null,
    ...receiptsOf(message, view),
    reply_to: message.replyTo,
    attachments: [],
    metadata: message.metadata,
    created_at: message.createdAt.toISOString(),
    updated_at: message.updatedAt.toISOString(),
    is_edited: message.isEdited,
    is_deleted: message.isDeleted,
  };
}

/** A message at its commit: nobody has received it, so that every participant sees the same. */
export const presentNewMessage = (message: Message, conversation: Conversation): MessagePayload =>
  presentMessage(message, { conversation, viewerId: message.senderId, memberships: [] });
