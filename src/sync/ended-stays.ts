import { Injectable } from '@nestjs/common';
import type { Viewer } from '../conversations/conversation';
import { ConversationsRepository } from '../conversations/conversations.repository';
import { MembershipsRepository } from '../conversations/memberships.repository';
import type { SyncPoint } from './sync-points.repository';

/** Clocks of nodes agree within 20 s (docs/adr/0002), a node knows of a role 5 s late; what is told twice does no harm. */
const MARGIN_MS = 60_000;

/**
 * Conversations that a client may know from live events alone, because they came after its cursor, and that the viewer
 * has been out of since. What ended before `left_at` was kept is not known.
 */
@Injectable()
export class EndedStays {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly memberships: MembershipsRepository,
  ) {}

  /**
   * To be asked after the viewer's conversations were read: who is out by then has left before. What ended less than a
   * minute before the point is among them, and so is what the viewer has come back to.
   * @returns ids of conversations that the point says nothing of; as many as ended since, however many ended before.
   */
  async unknownTo({ at, vector }: SyncPoint, { userId, adminUntil }: Viewer): Promise<string[]> {
    const from = new Date(at.getTime() - MARGIN_MS);
    const [left, support] = await Promise.all([
      this.memberships.findLeft(userId, from),
      // All that there were at the point are in it: only what was made since can be known otherwise.
      adminUntil && adminUntil >= from ? this.conversations.findSupportSince(userId, from) : [],
    ]);
    return [...new Set([...left, ...support])].filter((id) => !vector.has(id));
  }
}
