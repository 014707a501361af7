import { isStaff } from '../auth/messaging-policy';
import type { ConversationType, History, Posting } from '../contract/payloads';
import type { Role } from '../contract/roles';

/** What is derived from messages: may lag behind while `hotUntil` stands (docs/adr/0002). */
export interface Summary {
  readonly seq: number;
  /** Place of the last edit or deletion. */
  readonly mod: number;
  readonly lastId: string | null;
  readonly lastAt: Date | null;
  readonly lastBy: string | null;
}

export interface Conversation {
  readonly id: string;
  readonly type: ConversationType;
  /** `admins`: all administrators of now take part by their role, besides the access list. */
  readonly audience: 'admins' | null;
  /** The access list. */
  readonly participants: readonly string[];
  readonly title: string | null;
  readonly description: string | null;
  readonly avatarUrl: string | null;
  readonly posting: Posting;
  readonly history: History;
  readonly createdBy: string;
  /** + 1 with every change of what stands above. */
  readonly version: number;
  readonly summary: Summary;
  /** Messages up to here have expired and are gone, or about to be (contract 6.7). */
  readonly floorSeq: number;
  /** Until then (and until somebody settles it) the summary is not to be trusted. */
  readonly hotUntil: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A position stood at `seq` from `at` on. */
export interface PositionMark {
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
  readonly readMarks: readonly PositionMark[];
  /** The last moves of the delivered position that were not reads, oldest first. */
  readonly deliveredMarks: readonly PositionMark[];
  /** Archived while no message above this has come, but for those of a mute; null: not archived. */
  readonly archivedSeq: number | null;
  /** No notifications until then; `FOREVER` when no end was given. */
  readonly mutedUntil: Date | null;
  /** Of who takes part by role: when it last began, and the last message before, up to which they have nothing to read. */
  readonly roleBegin?: PositionMark;
}

/** The end of a mute without an end. */
export const FOREVER = new Date('9999-12-31T23:59:59.999Z');

/** Who asks for a conversation, as far as access goes by it. */
export interface Viewer {
  readonly userId: string;
  readonly isAdmin: boolean;
  /** Of an administrator: what came before counts as read where there is no membership yet. */
  readonly adminSince?: Date | undefined;
  /** When they last ceased to be an administrator. */
  readonly adminUntil?: Date | undefined;
}

/** @returns whether the viewer takes part: listed, or by role where all administrators do. */
export const takesPart = ({ participants, audience }: Conversation, { userId, isAdmin }: Viewer): boolean =>
  participants.includes(userId) || (isAdmin && audience === 'admins');

/** @returns a person's membership who comes in after message `seq`: everything up to there counts as read. */
export const membershipFrom = (conversationId: string, userId: string, seq: number, at: Date): Membership => ({
  conversationId,
  userId,
  joinedSeq: seq,
  readSeq: seq,
  readAt: seq > 0 ? at : null,
  deliveredSeq: seq,
  readMarks: seq > 0 ? [{ seq, at }] : [],
  deliveredMarks: [],
  archivedSeq: null,
  mutedUntil: null,
});

export const isMuted = (membership: Pick<Membership, 'mutedUntil'> | undefined, now: number): boolean =>
  (membership?.mutedUntil?.getTime() ?? 0) > now;

/** The last message: its place and its time. */
export interface Last {
  readonly seq: number;
  readonly at: Date;
}

/** @returns the last message of a settled conversation; without one, the conversation's own beginning. */
export const lastOf = ({ summary, createdAt }: Pick<Conversation, 'summary' | 'createdAt'>): Last => ({
  seq: summary.seq,
  at: summary.lastAt ?? createdAt,
});

/**
 * @param now milliseconds since the epoch
 * @returns whether the member has put the conversation away: a message brings it back, unless it came during a mute
 */
export const isArchived = (
  membership: Pick<Membership, 'archivedSeq' | 'mutedUntil'> | undefined,
  last: Last,
  now: number,
): boolean => {
  if (!membership || membership.archivedSeq === null) return false;
  if (last.seq <= membership.archivedSeq || isMuted(membership, now)) return true;
  return membership.mutedUntil !== null && last.at < membership.mutedUntil;
};

/** @returns whether a person with the role may post: where only staff may, a direct conversation is its opener's. */
export function mayPost({ posting, type, createdBy }: Conversation, userId: string, role: Role): boolean {
  if (posting === 'everyone') return true;
  return type === 'direct' ? createdBy === userId : isStaff(role);
}

/** @returns the other person of a direct conversation; undefined for who is not in it, as a sibling service may be. */
export const counterpartOf = ({ type, participants }: Conversation, userId: string): string | undefined =>
  type === 'direct' && participants.includes(userId) ? participants.find((id) => id !== userId) : undefined;

/**
 * When the message at `seq` was read by the member, or null. Moves older than the kept marks answer the oldest kept one.
 */
export function readAtOf(membership: Pick<Membership, 'readSeq' | 'readAt' | 'readMarks'>, seq: number): Date | null {
  if (membership.readSeq < seq) return null;
  return membership.readMarks.find((mark) => mark.seq >= seq)?.at ?? membership.readAt;
}

/**
 * @returns the membership as it stands for the member alone: what was written while an administrator's role was away
 * counts as read for them, although they never read it, which others are told by their positions.
 */
export function inOwnEyes(membership: Membership): Membership {
  const { roleBegin, readSeq, readMarks } = membership;
  if (!roleBegin || roleBegin.seq <= readSeq) return membership;
  return { ...membership, readSeq: roleBegin.seq, readAt: roleBegin.at, readMarks: [...readMarks, roleBegin] };
}

/** When the message at `seq` was received by the member, or null. Reading is receiving. */
export function deliveredAtOf(membership: Membership, seq: number): Date | null {
  const delivered = membership.deliveredMarks.find((mark) => mark.seq >= seq)?.at;
  const read = readAtOf(membership, seq);
  return delivered && (!read || delivered < read) ? delivered : read;
}

/** What of a message moves its sender's position. */
interface Sent {
  readonly senderId: string;
  readonly seq: number;
  readonly createdAt: Date;
}

/** @returns the memberships as they stand once it is settled that whoever sends has read up to there (contract 6.5). */
export function readBySending(memberships: readonly Membership[], sent: readonly Sent[]): Membership[] {
  const last = new Map<string, Sent>();
  for (const message of sent)
    if (message.seq > (last.get(message.senderId)?.seq ?? 0)) last.set(message.senderId, message);
  return memberships.map((membership) => {
    const message = last.get(membership.userId);
    if (!message || message.seq <= membership.readSeq) return membership;
    const { seq, createdAt: at } = message;
    return {
      ...membership,
      readSeq: seq,
      readAt: at,
      readMarks: [...membership.readMarks, { seq, at }],
      deliveredSeq: Math.max(membership.deliveredSeq, seq),
    };
  });
}

/** @returns the `seq` up to which the history is not the member's to see (`history: joined`); 0: all of it is. */
export const hiddenUpTo = ({ history }: Pick<Conversation, 'history'>, membership: Membership | undefined): number =>
  history === 'joined' ? (membership?.joinedSeq ?? 0) : 0;
