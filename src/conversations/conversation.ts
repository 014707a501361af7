import type { ConversationType, History, Posting } from '../contract/payloads';

/** What is derived from messages: may lag behind while `hotUntil` stands (docs/adr/0002). */
export interface Summary {
  readonly seq: number;
  readonly lastId: string | null;
  readonly lastAt: Date | null;
  readonly lastBy: string | null;
}

export interface Conversation {
  readonly id: string;
  readonly type: ConversationType;
  /** The access list. */
  readonly participants: readonly string[];
  readonly title: string | null;
  readonly description: string | null;
  readonly avatarUrl: string | null;
  readonly posting: Posting;
  readonly history: History;
  readonly createdBy: string;
  readonly summary: Summary;
  /** Until then (and until somebody settles it) the summary is not to be trusted. */
  readonly hotUntil: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface ReadMark {
  readonly seq: number;
  readonly at: Date;
}

/** What belongs to one participant. */
export interface Membership {
  readonly conversationId: string;
  readonly userId: string;
  /** Messages up to here came before the person. */
  readonly joinedSeq: number;
  readonly readSeq: number;
  readonly readAt: Date | null;
  readonly deliveredSeq: number;
  /** The last moves of the read position, oldest first: when was message n read? */
  readonly readMarks: readonly ReadMark[];
}

/** @returns the other person of a direct conversation. */
export const counterpartOf = (conversation: Conversation, userId: string): string | undefined =>
  conversation.type === 'direct' ? conversation.participants.find((id) => id !== userId) : undefined;

/**
 * When the message at `seq` was read by the member, or null. Moves older than the kept marks answer the oldest kept one.
 */
export function readAtOf(membership: Pick<Membership, 'readSeq' | 'readAt' | 'readMarks'>, seq: number): Date | null {
  if (membership.readSeq < seq) return null;
  return membership.readMarks.find((mark) => mark.seq >= seq)?.at ?? membership.readAt;
}
