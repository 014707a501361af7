import { Injectable } from '@nestjs/common';
import { ConversationReader } from './conversation-reader';
import { ConversationsRepository } from './conversations.repository';
import { directConversationId } from './direct-conversation-id';
import { SummarySettler } from './summary-settler';

/** Conversations that are looked at, latest first: what "sharing a conversation" may cost. */
const LOOKED_AT = 500;

/** Who shares a conversation with whom; one that shows nobody a message yet does not count. */
@Injectable()
export class Contacts {
  constructor(
    private readonly repository: ConversationsRepository,
    private readonly reader: ConversationReader,
    private readonly settler: SummarySettler,
  ) {}

  /** @returns the people of the user's latest 500 conversations, administrators by role included, the user not. */
  async of(userId: string): Promise<Set<string>> {
    const viewer = await this.reader.viewer(userId);
    await this.settler.settle(await this.repository.findHotIds(viewer));
    const rows = await this.repository.findRecent(viewer, { without: [], limit: LOOKED_AT });
    const ids = rows.map(({ id }) => id);
    const conversations = await this.repository.findManyForViewer(ids, viewer);
    const people = new Set<string>();
    for (const conversation of conversations) {
      for (const id of await this.reader.audienceOf(conversation)) people.add(id);
    }
    people.delete(userId);
    return people;
  }

  /** @returns whether the two are in one conversation. */
  async share(userId: string, otherId: string): Promise<boolean> {
    const viewer = await this.reader.viewer(userId);
    const direct = await this.repository.findForViewer(directConversationId(userId, otherId), viewer);
    return direct !== undefined || (await this.of(userId)).has(otherId);
  }
}
