import type { Viewer } from '../conversation';
import type { ListedRow, SyncRow } from '../conversations.repository';
import type { ConversationDocument } from './conversation.schema';

/** What is read of a conversation to find its place in a list. */
export const ROW = { activity_at: 1, created_at: 1, floor_seq: 1, 'summary.seq': 1 } as const;
export type RowDocument = Pick<ConversationDocument, '_id' | 'activity_at' | 'created_at' | 'floor_seq' | 'summary'>;

export const toRow = ({ _id, activity_at, created_at, floor_seq, summary }: RowDocument): ListedRow => ({
  id: _id,
  summary: { seq: summary.seq },
  floorSeq: floor_seq ?? 0,
  createdAt: created_at,
  activityAt: activity_at,
});
/** What is read of a conversation to see whether it moved. */
export const SYNC_ROW = { version: 1, hot_until: 1, summary: 1, floor_seq: 1 } as const;
export type SyncRowDocument = Pick<ConversationDocument, '_id' | 'version' | 'hot_until' | 'summary' | 'floor_seq'>;

export const toSyncRow = ({ _id, version, hot_until, summary, floor_seq }: SyncRowDocument): SyncRow => ({
  id: _id,
  seq: Math.max(summary.seq, floor_seq ?? 0),
  mod: summary.mod,
  version,
  receipts: summary.receipts,
  hot: hot_until !== undefined,
});
export const latestFirst = (a: ListedRow, b: ListedRow): number =>
  b.activityAt.getTime() - a.activityAt.getTime() || (a.id < b.id ? -1 : 1);

type AccessFilter = { participants: string } | { audience: 'admins' };

/** Access as part of the query. */
export const accessOf = ({ userId, isAdmin }: Viewer): AccessFilter | { $or: AccessFilter[] } =>
  isAdmin ? { $or: [{ participants: userId }, { audience: 'admins' }] } : { participants: userId };

/** The ways into a list: each is one range of one index. An administrator may come to one conversation by both. */
export const branchesOf = ({ userId, isAdmin }: Viewer): AccessFilter[] =>
  isAdmin ? [{ participants: userId }, { audience: 'admins' }] : [{ participants: userId }];

/** The same, apart from each other, for counting. */
export const disjointBranchesOf = (viewer: Viewer): Record<string, unknown>[] =>
  viewer.isAdmin
    ? [{ participants: viewer.userId, audience: { $exists: false } }, { audience: 'admins' }]
    : branchesOf(viewer);

/** A conversation without messages is listed for its creator only (contract 2). */
export const visibleTo = ({ userId }: Viewer): Record<string, unknown>[] => [
  { 'summary.seq': { $gt: 0 } },
  { created_by: userId },
];
