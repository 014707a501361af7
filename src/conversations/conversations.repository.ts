import type { Conversation, Membership } from './conversation';

export interface PositionMove {
  readonly conversationId: string;
  readonly userId: string;
  readonly seq: number;
  readonly at: Date;
}

export interface SummaryMove {
  readonly conversationId: string;
  readonly seq: number;
  readonly lastId: string;
  readonly lastAt: Date;
  readonly lastBy: string;
}

/** Port. Every read that serves a person names that person in the query: a lost guard opens nothing. */
export abstract class ConversationsRepository {
  abstract findForParticipant(conversationId: string, userId: string): Promise<Conversation | undefined>;
  /** Latest first; those without messages only for their creator. */
  abstract findPage(userId: string, skip: number, limit: number): Promise<Conversation[]>;
  abstract countForParticipant(userId: string): Promise<number>;
  /** Ids of the user's conversations whose summary may lag. */
  abstract findHotIds(userId: string): Promise<string[]>;
  /** Conversations whose mark ended before `before`, for repair. */
  abstract findCooled(before: Date, limit: number): Promise<{ id: string; hotUntil: Date }[]>;
  abstract summarySeqs(ids: readonly string[]): Promise<Map<string, number>>;
  /** @returns false when one with this id exists. Memberships are written first: a conversation always has them. */
  abstract insert(conversation: Conversation, memberships: readonly Membership[]): Promise<boolean>;
  abstract findById(conversationId: string): Promise<Conversation | undefined>;
  abstract markHot(ids: readonly string[], until: Date): Promise<void>;
  /** Removes the mark unless somebody renewed it meanwhile. */
  abstract clearHot(marks: readonly { id: string; hotUntil: Date }[]): Promise<void>;
  abstract moveSummaries(moves: readonly SummaryMove[]): Promise<void>;

  abstract findMemberships(conversationId: string): Promise<Membership[]>;
  abstract findMembershipsOf(pairs: readonly { conversationId: string; userId: string }[]): Promise<Membership[]>;
  /** Positions only move forwards. */
  abstract moveReadPositions(moves: readonly PositionMove[]): Promise<void>;
}
