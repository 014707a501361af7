import type { Retained } from '../message-store/retention';
import type { Conversation, Viewer } from './conversation';

export interface SummaryMove {
  readonly conversationId: string;
  readonly seq: number;
  readonly lastId: string;
  readonly lastAt: Date;
  readonly lastBy: string;
}

/** Highest places that were ever given in a conversation, as far as it knows. */
export interface Heads {
  readonly seq: number;
  readonly mod: number;
}

/** How far a conversation has come, as far as it knows: its version, and a `seq` that may lag. */
export interface Standing {
  readonly version: number;
  readonly seq: number;
}

export interface ModMove {
  readonly conversationId: string;
  readonly mod: number;
}

/** A conversation of the list, before it is read as a whole. */
export interface ListedRow extends Retained {
  readonly activityAt: Date;
}

/** How far a conversation has come, for `sync`. */
export interface SyncRow extends Heads {
  readonly id: string;
  readonly version: number;
  readonly receipts: number;
  /** A mark stands: positions may have moved without `receipts` saying so. */
  readonly hot: boolean;
}

/** What is left out of a page of the list, and how far it goes. */
export interface RecentRange {
  readonly without: readonly string[];
  /** Rows from the latest on. */
  readonly limit?: number;
}

/** What a change says anew; what is left out stays. */
export type ConversationChange = Partial<
  Pick<Conversation, 'title' | 'description' | 'avatarUrl' | 'posting' | 'participants'>
>;

/** Port. Every read that serves a person names that person in the query: a lost guard opens nothing. */
export abstract class ConversationsRepository {
  abstract findForViewer(conversationId: string, viewer: Viewer): Promise<Conversation | undefined>;
  /** Those of the ids that are the viewer's, in no order. */
  abstract findManyForViewer(conversationIds: readonly string[], viewer: Viewer): Promise<Conversation[]>;
  /** Latest first; those without messages only for their creator. */
  abstract findRecent(viewer: Viewer, range: RecentRange): Promise<ListedRow[]>;
  /** Those of the ids that the list shows to the viewer. */
  abstract findListed(viewer: Viewer, conversationIds: readonly string[]): Promise<ListedRow[]>;
  abstract countListed(viewer: Viewer): Promise<number>;
  /** Ids of the viewer's conversations whose summary may lag. */
  abstract findHotIds(viewer: Viewer): Promise<string[]>;
  /** Every conversation of the viewer. */
  abstract findSyncRows(viewer: Viewer): Promise<SyncRow[]>;
  /** Ids of the support conversations that were made or written to from then on, without those of the person's own. */
  abstract findSupportSince(userId: string, from: Date): Promise<string[]>;
  /** Of conversations that are known to be the viewer's. */
  abstract syncRowsOf(ids: readonly string[]): Promise<SyncRow[]>;
  /** Conversations whose mark ended before `before`, for repair. */
  abstract findCooled(before: Date, limit: number): Promise<{ id: string; hotUntil: Date }[]>;
  /** Those with the most messages, most first; a message counts within a second or so. */
  abstract findBusiest(limit: number): Promise<{ id: string; messages: number }[]>;
  abstract heads(ids: readonly string[]): Promise<Map<string, Heads>>;
  abstract standings(ids: readonly string[]): Promise<Map<string, Standing>>;
  /** @returns false when one with this id exists. Its memberships are written first: a conversation always has them. */
  abstract insert(conversation: Conversation): Promise<boolean>;
  abstract findById(conversationId: string): Promise<Conversation | undefined>;
  abstract findByIds(conversationIds: readonly string[]): Promise<Conversation[]>;
  /**
   * One change, if the conversation is still the one that was read.
   * @returns what stands then; undefined when somebody else changed it first.
   */
  abstract change(
    read: Pick<Conversation, 'id' | 'version'>,
    change: ConversationChange,
    at: Date,
  ): Promise<Conversation | undefined>;
  abstract markHot(ids: readonly string[], until: Date): Promise<void>;
  /** Removes the mark unless somebody renewed it meanwhile, and says that positions may have moved under it. */
  abstract clearHot(marks: readonly { id: string; hotUntil: Date }[]): Promise<void>;
  abstract moveSummaries(moves: readonly SummaryMove[]): Promise<void>;
  /** Says that positions have moved. */
  abstract moveReceipts(ids: readonly string[]): Promise<void>;
  abstract moveMods(moves: readonly ModMove[]): Promise<void>;
  /** Before messages are removed: what stood up to these places has expired, and no place of theirs is given again. */
  abstract raiseFloors(floors: ReadonlyMap<string, Heads>): Promise<void>;
}
