import type { CallerRole } from '../contract/roles';
import type { MessageType, Metadata } from '../contract/payloads';

/** An earlier text. */
export interface Edit {
  readonly content: string;
  /** When a newer text took its place. */
  readonly editedAt: Date;
}

export interface Message {
  readonly id: string;
  readonly conversationId: string;
  /** 1, 2, 3 … within the conversation, in the order of commit. */
  readonly seq: number;
  readonly senderId: string;
  readonly senderName: string;
  readonly senderRole: CallerRole;
  readonly clientMessageId: string | null;
  /** Hash of the body as first sent: tells a resend from another message under the same key. Gone with a deletion. */
  readonly bodyHash: string | null;
  readonly content: string;
  readonly type: MessageType;
  readonly replyTo: string | null;
  readonly metadata: Metadata;
  /** Place of the last edit or deletion among those of the conversation, in the order of commit; null: none yet. */
  readonly mod: number | null;
  /** The last 20, oldest first. */
  readonly edits: readonly Edit[];
  readonly isEdited: boolean;
  readonly isDeleted: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A message before the log gives it its place. */
export type MessageDraft = Omit<
  Message,
  'seq' | 'createdAt' | 'updatedAt' | 'mod' | 'edits' | 'isEdited' | 'isDeleted'
>;

/** The draft at its place; field by field, because every message comes by here. */
export const placed = (draft: MessageDraft, seq: number, at: Date): Message => ({
  id: draft.id,
  conversationId: draft.conversationId,
  seq,
  senderId: draft.senderId,
  senderName: draft.senderName,
  senderRole: draft.senderRole,
  clientMessageId: draft.clientMessageId,
  bodyHash: draft.bodyHash,
  content: draft.content,
  type: draft.type,
  replyTo: draft.replyTo,
  metadata: draft.metadata,
  mod: null,
  edits: [],
  isEdited: false,
  isDeleted: false,
  createdAt: at,
  updatedAt: at,
});

/** What one update does to a message; `erase` is a deletion that takes the sender's name away as well. */
export type Change =
  | { readonly kind: 'edit'; readonly content: string; readonly at: Date }
  | { readonly kind: 'delete'; readonly at: Date }
  | { readonly kind: 'erase'; readonly senderName: string; readonly at: Date };

/** What the summary of a conversation needs of a message. */
export type MessageStub = Pick<Message, 'id' | 'seq' | 'senderId' | 'createdAt'>;

/** Where a message stands. */
export type MessagePlace = Pick<Message, 'id' | 'conversationId' | 'seq' | 'mod'>;

/** Before the key of a notice in the store: no client can send it, so that no message is taken for a notice. */
const NOTICE_MARK = '§';

/** @returns what the `dedupe_key` of a notice is stored as, where messages have their `client_message_id`. */
export const noticeKey = (dedupeKey: string): string => NOTICE_MARK + dedupeKey;

/** @returns the key that the sender's client gave the message; that of a notice is its sender's business alone. */
export const clientKeyOf = ({ type, clientMessageId }: Pick<Message, 'type' | 'clientMessageId'>): string | null =>
  type === 'system' ? null : clientMessageId;

/** @returns the `dedupe_key` of a notice. */
export const dedupeKeyOf = ({ type, clientMessageId }: Pick<Message, 'type' | 'clientMessageId'>): string | null =>
  type === 'system' && clientMessageId !== null ? clientMessageId.replace(NOTICE_MARK, '') : null;
