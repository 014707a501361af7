import { Injectable } from '@nestjs/common';
import limitTo from 'p-limit';
import type { Actor } from '../common/actor';
import { Clock } from '../common/clock';
import { SharedRuns } from '../common/shared-runs';
import { SYNC_POINT_DAYS, type SyncEvent, type SyncResult } from '../contract/payloads';
import type { Membership, Viewer } from '../conversations/conversation';
import { ConversationReader } from '../conversations/conversation-reader';
import { ConversationsRepository, type SyncRow } from '../conversations/conversations.repository';
import { MembershipsRepository } from '../conversations/memberships.repository';
import { SummarySettler } from '../conversations/summary-settler';
import { ConversationDelta } from './conversation-delta';
import { ownDigestOf, type SyncPosition } from './sync-position';
import { SyncPointsRepository } from './sync-points.repository';
import type { SyncQueryDto } from './dto/sync-query.dto';

/** When a whole school comes back at once, those who wait hold up neither the others' requests nor the store. */
const AT_ONCE = 16;
/** Conversations whose memberships and new messages are read together. */
const TOGETHER = 10;
/** How long a list is waited for. */
const MEMBERS_MS = 10_000;
const KEPT_MS = SYNC_POINT_DAYS * 86_400_000;

/**
 * What a client missed since a cursor (contract 6.4). A cursor stands for one position per conversation; every number in
 * it is given in the order of commit, so nothing that becomes visible later can stand below it. Knows no transport.
 */
@Injectable()
export class SyncService {
  private readonly slots = limitTo(AT_ONCE);
  /** A class that comes back together asks for the same lists. */
  private readonly members: SharedRuns<string, ReadonlyMap<string, Membership[]>>;

  constructor(
    private readonly points: SyncPointsRepository,
    private readonly conversations: ConversationsRepository,
    private readonly memberships: MembershipsRepository,
    private readonly reader: ConversationReader,
    private readonly settler: SummarySettler,
    private readonly delta: ConversationDelta,
    private readonly clock: Clock,
  ) {
    this.members = new SharedRuns((ids) => memberships.findInEach(ids), MEMBERS_MS);
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
    const vector = new Map(point.vector);
    const { events, complete } = await this.collect(viewer, rows, vector, limit);
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
      events.push({ type: 'conversation_left', data: { conversation_id: id, user_id: viewer.userId } });
      vector.delete(id);
    }
    const moved = rows.filter((row) => hasMoved(row, vector.get(row.id)));
    const ids = moved.map(({ id }) => id);
    const found = new Map((await this.conversations.findManyForViewer(ids, viewer)).map((c) => [c.id, c]));
    for (let start = 0; start < moved.length; start += TOGETHER) {
      const left = limit - events.length;
      if (left <= 0) return { events, complete: false };
      // One that was taken out a moment ago is not found: the next sync says so.
      const together = moved.slice(start, start + TOGETHER).flatMap((row) => {
        const conversation = found.get(row.id);
        return conversation ? [{ row, conversation, known: vector.get(row.id) }] : [];
      });
      for (const { conversation } of together) await this.reader.admit(conversation, viewer);
      const members = await this.members.run(together.map(({ row }) => row.id));
      const several = together.map((one) => ({ ...one, memberships: members.get(one.row.id) ?? [] }));
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
    await this.settler.settle(await this.conversations.findHotIds(viewer));
    return this.conversations.findSyncRows(viewer);
  }
}

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
