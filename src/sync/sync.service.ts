import { Injectable } from '@nestjs/common';
import limitTo from 'p-limit';
import type { Actor } from '../common/actor';
import { Clock } from '../common/clock';
import { SharedRuns } from '../common/shared-runs';
import { SYNC_POINT_DAYS, type SyncEvent, type SyncResult } from '../contract/payloads';
import { takesPart, type Conversation, type Membership, type Viewer } from '../conversations/conversation';
import { ConversationReader } from '../conversations/conversation-reader';
import { ConversationsRepository, type SyncRow } from '../conversations/conversations.repository';
import { MembershipsRepository } from '../conversations/memberships.repository';
import { SummarySettler } from '../conversations/summary-settler';
import { ConversationDelta, leftOf, SHARED_MS, sinceReturn } from './conversation-delta';
import { EndedStays } from './ended-stays';
import { ownDigestOf, type SyncPosition } from './sync-position';
import { SyncPointsRepository } from './sync-points.repository';
import type { SyncQueryDto } from './dto/sync-query.dto';

/** When a whole school comes back at once, those who wait hold up neither the others' requests nor the store. */
const AT_ONCE = 32;
/** Conversations whose memberships and new messages are read together. */
const TOGETHER = 10;
const KEPT_MS = SYNC_POINT_DAYS * 86_400_000;

/**
 * What a client missed since a cursor (contract 6.4). A cursor stands for one position per conversation; every number in
 * it is given in the order of commit, so nothing that becomes visible later can stand below it. Knows no transport.
 */
@Injectable()
export class SyncService {
  private readonly slots = limitTo(AT_ONCE);
  // A class that comes back together asks for the same rows, conversations and lists.
  private readonly settled: SharedRuns<string, ReadonlyMap<string, SyncRow>>;
  private readonly moved: SharedRuns<string, ReadonlyMap<string, Conversation>>;
  private readonly members: SharedRuns<string, ReadonlyMap<string, Membership[]>>;

  constructor(
    private readonly points: SyncPointsRepository,
    private readonly conversations: ConversationsRepository,
    private readonly memberships: MembershipsRepository,
    private readonly reader: ConversationReader,
    settler: SummarySettler,
    private readonly delta: ConversationDelta,
    private readonly ended: EndedStays,
    private readonly clock: Clock,
  ) {
    this.settled = new SharedRuns(async (ids) => {
      await settler.settle(ids);
      return byId(await conversations.syncRowsOf(ids));
    }, SHARED_MS);
    this.moved = new SharedRuns(async (ids) => byId(await conversations.findByIds(ids)), SHARED_MS);
    this.members = new SharedRuns((ids) => memberships.findInEach(ids), SHARED_MS);
  }

  /** @throws DATABASE_UNAVAILABLE */
  sync(actor: Actor, query: SyncQueryDto): Promise<SyncResult> {
    return this.slots(() => this.read(actor, query));
  }

  private async read({ userId }: Actor, { since, limit }: SyncQueryDto): Promise<SyncResult> {
    const viewer = await this.reader.viewer(userId);
    const point = since === undefined ? undefined : await this.points.find(since);
    const now = this.clock.now();
    if (since === undefined || point?.userId !== userId || now - point.at.getTime() > KEPT_MS) {
      const cursor = await this.pointOfNow(viewer, now);
      return { events: [], cursor, has_more: false, ...(since !== undefined && { cursor_expired: true }) };
    }
    const rows = await this.rows(viewer);
    // Before all that is new, whatever the limit: who came back begins anew, on this page or on a later one.
    const ended = (await this.ended.unknownTo(point, viewer)).map((id) => leftOf(id, userId));
    const vector = new Map(point.vector);
    const { events: collected, complete } = await this.collect(viewer, rows, vector, limit);
    const events = await this.stillOpen(userId, [...ended, ...collected], vector);
    if (events.length === 0 && complete && sameVector(vector, point.vector)) {
      return { events, cursor: since, has_more: false };
    }
    const cursor = await this.points.insert({ userId, vector, at: new Date(now) });
    return { events, cursor, has_more: !complete };
  }

  /** Goes through the conversations that moved until the limit is reached, and moves `vector` along. */
  private async collect(
    viewer: Viewer,
    rows: readonly SyncRow[],
    vector: Map<string, SyncPosition>,
    limit: number,
  ): Promise<{ events: SyncEvent[]; complete: boolean }> {
    const events: SyncEvent[] = [];
    const present = new Set(rows.map(({ id }) => id));
    for (const id of vector.keys()) {
      if (present.has(id)) continue;
      events.push(leftOf(id, viewer.userId));
      vector.delete(id);
    }
    const moved = rows.filter((row) => hasMoved(row, vector.get(row.id)));
    const found = moved.length === 0 ? new Map<string, never>() : await this.moved.run(moved.map(({ id }) => id));
    for (let start = 0; start < moved.length; start += TOGETHER) {
      const left = limit - events.length;
      if (left <= 0) return { events, complete: false };
      const together = moved.slice(start, start + TOGETHER).flatMap((row) => {
        const conversation = found.get(row.id);
        // Somebody may have been taken out a moment ago: the next sync says so.
        const isIn = conversation && takesPart(conversation, viewer);
        return isIn ? [{ row, conversation, known: vector.get(row.id) }] : [];
      });
      if (together.length === 0) continue;
      for (const { conversation } of together) await this.reader.admit(conversation, viewer);
      const members = await this.members.run(together.map(({ row }) => row.id));
      const several = together.map((one) =>
        sinceReturn(viewer.userId, { ...one, memberships: members.get(one.row.id) ?? [] }),
      );
      for (const missed of await this.delta.readAhead(viewer.userId, several, left)) {
        if (events.length >= limit) return { events, complete: false };
        const delta = await this.delta.read(viewer.userId, missed, limit - events.length);
        events.push(...delta.events);
        vector.set(missed.row.id, delta.position);
        if (!delta.complete) return { events, complete: false };
      }
    }
    return { events, complete: true };
  }

  /** Somebody may have been taken out while things were read: nothing newer than that is told (contract 6.6). */
  private async stillOpen(
    userId: string,
    events: readonly SyncEvent[],
    vector: Map<string, SyncPosition>,
  ): Promise<SyncEvent[]> {
    const ids = [...new Set(events.map(conversationOf))].filter((id) => vector.has(id));
    if (ids.length === 0) return [...events];
    const [current, viewer] = await Promise.all([this.reader.current(ids), this.reader.viewer(userId)]);
    const closed = ids.filter((id) => {
      const found = current.get(id);
      return !found || !takesPart(found.conversation, viewer);
    });
    if (closed.length === 0) return [...events];
    for (const id of closed) vector.delete(id);
    const kept = events.filter((event) => !closed.includes(conversationOf(event)));
    return [...kept, ...closed.map((id) => leftOf(id, userId))];
  }

  private async pointOfNow(viewer: Viewer, now: number): Promise<string> {
    const rows = await this.rows(viewer);
    const vector = new Map<string, SyncPosition>();
    const own = new Map((await this.memberships.findOfUser(viewer.userId)).map((m) => [m.conversationId, m]));
    for (const { id, seq, mod, version, receipts } of rows) {
      vector.set(id, { seq, mod, version, receipts, digest: 0, own: ownDigestOf(own.get(id)) });
    }
    return this.points.insert({ userId: viewer.userId, vector, at: new Date(now) });
  }

  /** With summaries that hold everything committed before the call. */
  private async rows(viewer: Viewer): Promise<SyncRow[]> {
    const rows = await this.conversations.findSyncRows(viewer);
    const lagging = rows.flatMap(({ id, hot }) => (hot ? [id] : []));
    if (lagging.length === 0) return rows;
    const settled = await this.settled.run(lagging);
    return rows.map((row) => (row.hot && settled.get(row.id)) || row);
  }
}

/** Every event of a sync is about a conversation. */
const conversationOf = ({ data }: SyncEvent): string => (data as { conversation_id: string }).conversation_id;

const byId = <T extends { readonly id: string }>(all: readonly T[]): Map<string, T> =>
  new Map(all.map((one) => [one.id, one]));

/** While a mark stands positions may move without the row saying so. */
const hasMoved = (row: SyncRow, known: SyncPosition | undefined): boolean =>
  known === undefined ||
  row.hot ||
  row.seq > known.seq ||
  row.mod > known.mod ||
  row.version !== known.version ||
  row.receipts !== known.receipts;

function sameVector(a: ReadonlyMap<string, SyncPosition>, b: ReadonlyMap<string, SyncPosition>): boolean {
  if (a.size !== b.size) return false;
  for (const [id, one] of a) {
    const other = b.get(id);
    if (!other || Object.entries(one).some(([key, value]) => other[key as keyof SyncPosition] !== value)) return false;
  }
  return true;
}
