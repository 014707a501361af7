import { Injectable } from '@nestjs/common';
import type { Membership, Viewer } from './conversation';
import { ConversationReader } from './conversation-reader';
import { ConversationsRepository, type ListedRow } from './conversations.repository';
import { MembershipsRepository } from './memberships.repository';

/** Where a person stands in each of their conversations. */
export interface Positions {
  /** The conversations that the list shows, latest first, the archived among them. */
  readonly rows: readonly ListedRow[];
  /** By conversation; without one there is nothing new since the person came. */
  readonly memberships: ReadonlyMap<string, Membership>;
}

/** Positions against heads, over a person's own conversations: what is unread stands in no index. */
@Injectable()
export class OwnPositions {
  constructor(
    private readonly repository: ConversationsRepository,
    private readonly memberships: MembershipsRepository,
    private readonly reader: ConversationReader,
  ) {}

  /** Summaries that may lag are the caller's to settle first. */
  async of(viewer: Viewer): Promise<Positions> {
    const rows = await this.repository.findRecent(viewer, { without: [] });
    const known = await this.byConversation(viewer);
    const since = viewer.adminSince ?? new Date(0);
    const late = rows.filter(({ id, activityAt }) => {
      const membership = known.get(id);
      return membership ? (membership.roleBegin?.at ?? since) < since : activityAt > since;
    });
    if (late.length === 0) return { rows, memberships: known };
    const ids = late.map(({ id }) => id);
    for (const conversation of await this.repository.findManyForViewer(ids, viewer)) {
      await this.reader.admit(conversation, viewer);
    }
    return { rows, memberships: await this.byConversation(viewer) };
  }

  private async byConversation(viewer: Viewer): Promise<Map<string, Membership>> {
    const own = await this.memberships.findOfUser(viewer.userId);
    return new Map(own.map((membership) => [membership.conversationId, membership]));
  }
}
