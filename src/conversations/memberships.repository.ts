import type { Membership } from './conversation';

export interface PositionMove {
  readonly conversationId: string;
  readonly userId: string;
  readonly seq: number;
  readonly at: Date;
}

/** Which membership: whose, in what. */
export interface MembershipPair {
  readonly conversationId: string;
  readonly userId: string;
}

/** Port: what belongs to one participant of one conversation. Who takes part is the conversation's to say. */
export abstract class MembershipsRepository {
  abstract findIn(conversationId: string): Promise<Membership[]>;
  /** @returns the memberships of each conversation; none: it is left out. */
  abstract findInEach(conversationIds: readonly string[]): Promise<Map<string, Membership[]>>;
  abstract findPairs(pairs: readonly MembershipPair[]): Promise<Membership[]>;
  abstract findOfUser(userId: string): Promise<Membership[]>;
  /** Those with an archive mark; a message may have brought their conversation back since. */
  abstract findArchived(userId: string): Promise<Membership[]>;
  /** Ids of the conversations that the person left, or was taken out of, from then on; they may be in again. */
  abstract findLeft(userId: string, from: Date): Promise<string[]>;
  /** Of people who come in; whoever was there before starts anew, but for when they left. */
  abstract start(memberships: readonly Membership[]): Promise<void>;
  /** Writes those that there are not yet. */
  abstract add(memberships: readonly Membership[]): Promise<void>;
  /** The person is about to be out. Only forwards. */
  abstract leave(conversationId: string, userId: string, at: Date): Promise<void>;
  /** Null takes the mark away. */
  abstract setArchived(conversationId: string, userId: string, seq: number | null): Promise<void>;
  /** Null ends the mute. */
  abstract setMuted(conversationId: string, userId: string, until: Date | null): Promise<void>;
  /** The role of an administrator began (again) after the message at `seq`. */
  abstract beginRole(begin: PositionMove): Promise<void>;
  /** Positions only move forwards. */
  abstract moveReadPositions(moves: readonly PositionMove[]): Promise<void>;
  abstract moveDeliveredPositions(moves: readonly PositionMove[]): Promise<void>;
}
