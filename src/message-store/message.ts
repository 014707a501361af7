import type { CallerRole } from '../contract/roles';
import type { MessageType, Metadata } from '../contract/payloads';

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
  readonly isEdited: boolean;
  readonly isDeleted: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A message before the log gives it its place. */
export type MessageDraft = Omit<Message, 'seq' | 'createdAt' | 'updatedAt' | 'isEdited' | 'isDeleted'>;

/** What the summary of a conversation needs of a message. */
export type MessageStub = Pick<Message, 'id' | 'seq' | 'senderId' | 'createdAt'>;
