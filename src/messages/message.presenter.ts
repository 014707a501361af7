import type { MessageDetailsPayload, MessagePayload, MessageStatus } from '../contract/payloads';
import {
  counterpartOf,
  deliveredAtOf,
  hiddenUpTo,
  inOwnEyes,
  readAtOf,
  type Conversation,
  type Membership,
} from '../conversations/conversation';
import { clientKeyOf, type Message } from '../message-store/message';

/** Up to here receipts are told by name, above by number (contract 2). */
export const NAMED_RECEIPTS = 50;

/** Where a message stands and how far everybody is. */
export interface Scene {
  readonly conversation: Conversation;
  readonly memberships: readonly Membership[];
}

export interface MessageView extends Scene {
  readonly viewerId: string;
}

type Standing = Pick<MessagePayload, 'status' | 'is_read' | 'read_at'>;
type Receipts = Pick<MessagePayload, 'read_by' | 'delivered_to' | 'read_count' | 'delivered_count'>;

/** Nobody has received it yet. */
const SENT: Standing = { status: 'sent', is_read: false, read_at: null };

const statusOf = (message: Message, others: readonly Membership[]): MessageStatus => {
  if (others.length === 0) return 'sent';
  if (others.every((member) => member.readSeq >= message.seq)) return 'read';
  return others.every((member) => member.deliveredSeq >= message.seq) ? 'delivered' : 'sent';
};

/** How far those have come with the message whose positions count for the viewer. */
function standingOf(message: Message, judged: readonly Membership[]): Standing {
  const status = statusOf(message, judged);
  const readTimes = judged.map((member) => readAtOf(member, message.seq)?.getTime() ?? 0);
  return {
    status,
    is_read: status === 'read',
    read_at: status === 'read' ? new Date(Math.max(...readTimes)).toISOString() : null,
  };
}

/** The memberships of the participants of now; where all administrators take part, those among them who came. */
function presentIn({ conversation, memberships }: Scene): readonly Membership[] {
  if (conversation.audience !== null) return memberships;
  const present = new Set(conversation.participants);
  return memberships.filter(({ userId }) => present.has(userId));
}

/** Those whom the message was for: it does not count as read by who came after it. */
const othersOf = (message: Message, present: readonly Membership[]): Membership[] =>
  present.filter(({ userId, joinedSeq }) => userId !== message.senderId && joinedSeq < message.seq);

/** Of administrators: who read the message first, or else somebody who received it. */
function firstOf(admins: readonly Membership[], { seq }: Message): Membership | undefined {
  const readAt = (member: Membership): number => readAtOf(member, seq)?.getTime() ?? Infinity;
  return admins
    .filter((member) => member.deliveredSeq >= seq)
    .reduce<Membership | undefined>(
      (first, member) => (first && readAt(first) <= readAt(member) ? first : member),
      undefined,
    );
}

/**
 * Whose positions make a message delivered and read for its sender. Administrators count as one: for the opener they
 * are all that counts, for whoever was added they and the others listed (contract 1).
 */
function judgedFor(message: Message, { conversation }: Scene, others: readonly Membership[]): Membership[] {
  const { audience, participants, createdBy } = conversation;
  if (audience === null) return [...others];
  const isListed = ({ userId }: Membership): boolean => participants.includes(userId);
  const listed = others.filter(isListed);
  if (!participants.includes(message.senderId)) return listed;
  const admins = others.filter((member) => !isListed(member));
  const admin = firstOf(admins, message);
  if (!admin) return [];
  return message.senderId === createdBy ? [admin] : [...listed, admin];
}

function receiptsOf(message: Message, others: readonly Membership[], participants: number): Receipts {
  const readers = others.filter((m) => m.readSeq >= message.seq).map((m) => m.userId);
  const receivers = others.filter((m) => m.deliveredSeq >= message.seq).map((m) => m.userId);
  return participants <= NAMED_RECEIPTS
    ? { read_by: readers, delivered_to: receivers }
    : { read_count: readers.length, delivered_count: receivers.length };
}

/**
 * Presents messages of one conversation, each to any number of viewers. Receipts are derived from positions: for the
 * sender over all other participants, for a recipient their own (contract 2). Each viewer costs the same, whatever the
 * size of the group.
 */
export function presenterIn(scene: Scene): (message: Message) => (viewerId: string) => MessagePayload {
  const { conversation, memberships } = scene;
  const present = presentIn(scene);
  const byUser = new Map(memberships.map((membership) => [membership.userId, membership]));
  return (message) => {
    const others = othersOf(message, present);
    const receipts = receiptsOf(message, others, conversation.participants.length);
    const standing = (viewerId: string): Standing => {
      if (viewerId === message.senderId) return standingOf(message, judgedFor(message, scene, others));
      const own = byUser.get(viewerId);
      return standingOf(message, own ? [inOwnEyes(own)] : []);
    };
    return (viewerId) => payloadOf(message, conversation, standing(viewerId), receipts);
  };
}

/** An allow-list of fields. */
const payloadOf = (
  message: Message,
  conversation: Conversation,
  { status, is_read, read_at }: Standing,
  receipts: Receipts,
): MessagePayload => ({
  message_id: message.id,
  conversation_id: message.conversationId,
  seq: message.seq,
  client_message_id: clientKeyOf(message),
  sender_id: message.senderId,
  sender_name: message.senderName,
  sender_role: message.senderRole,
  recipient_id: counterpartOf(conversation, message.senderId) ?? null,
  content: message.content,
  message_type: message.type,
  status,
  is_read,
  read_at,
  ...receipts,
  reply_to: message.replyTo,
  attachments: [],
  metadata: message.metadata,
  created_at: message.createdAt.toISOString(),
  updated_at: message.updatedAt.toISOString(),
  is_edited: message.isEdited,
  is_deleted: message.isDeleted,
});

/** @returns those of the people to whom the conversation shows the message. */
export function seenBy(
  { seq }: Pick<Message, 'seq'>,
  { conversation, memberships }: Scene,
  userIds: readonly string[],
): string[] {
  const own = new Map(memberships.map((membership) => [membership.userId, membership]));
  return userIds.filter((id) => seq > hiddenUpTo(conversation, own.get(id)));
}

/** A message as one participant sees it. */
export const presentMessage = (message: Message, { viewerId, ...scene }: MessageView): MessagePayload =>
  presenterIn(scene)(message)(viewerId);

/** A message at its commit: nobody has received it, so that every participant sees the same. */
export const presentNewMessage = (message: Message, conversation: Conversation): MessagePayload =>
  payloadOf(message, conversation, SENT, receiptsOf(message, [], conversation.participants.length));

/** Stores differ in the order of what they find unsorted. */
const byUserId = (a: Membership, b: Membership): number => (a.userId < b.userId ? -1 : 1);
const iso = (date: Date | null): string | null => date?.toISOString() ?? null;

/** The single view: its sender is told how far each other participant is, and what the message said before. */
export function presentDetails(message: Message, view: MessageView): MessageDetailsPayload {
  const payload = presentMessage(message, view);
  if (message.senderId !== view.viewerId) return payload;
  return {
    ...payload,
    receipts: othersOf(message, presentIn(view))
      .sort(byUserId)
      .map((member) => ({
        user_id: member.userId,
        delivered_at: iso(deliveredAtOf(member, message.seq)),
        read_at: iso(readAtOf(member, message.seq)),
      })),
    edits: message.edits.map(({ content, editedAt }) => ({ content, edited_at: editedAt.toISOString() })),
  };
}
