import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type Conversation, hiddenUpTo } from '../../conversations/conversation';
import { ConversationReader, type Current } from '../../conversations/conversation-reader';
import { MembershipsRepository } from '../../conversations/memberships.repository';
import { presentNewMessage } from '../../messages/message.presenter';
import { ConnectionRegistry } from '../../presence/connection-registry';
import type { Created, NewMessages } from './arrival';
import { MissedMessages } from './missed-messages';

const KNOWN_CONVERSATIONS = 20_000;
/** Messages that are read from the store to fill a hole; clients read what lies further back by `sync`. */
const MOST_MISSED = 200;

/** How far a conversation has been told on this node. */
interface Place {
  /** Everything from the one after `start` to this one was told. */
  told: number;
  readonly start: number;
  /** Who must not see the messages up to which (`history: joined`), as of this version. */
  hidden?: { readonly version: number; readonly upTo: ReadonlyMap<string, number> };
}

/** What is to be told now, lowest first. */
export interface InOrder {
  readonly events: readonly Created[];
  /** Some messages were not told, and will not be. */
  readonly incomplete: boolean;
}

/**
 * Messages of a conversation in the order of `seq`, whichever node committed them: what is missing below one that is
 * committed is committed too, and read from the store. What was told is not told again.
 */
@Injectable()
export class MessageOrder {
  private readonly places = new LRUCache<string, Place>({ max: KNOWN_CONVERSATIONS });

  constructor(
    private readonly reader: ConversationReader,
    private readonly memberships: MembershipsRepository,
    private readonly missed: MissedMessages,
    private readonly registry: ConnectionRegistry,
  ) {}

  /** @param current the conversation at or after the commit of everything that arrived */
  async next({ conversation, seq }: Current, arrived: readonly NewMessages[]): Promise<InOrder> {
    const from = Math.min(...arrived.map((arrival) => arrival.from));
    const upTo = Math.max(...arrived.map((arrival) => arrival.upTo));
    const place = this.placeOf(conversation.id, Math.min(seq, from - 1));
    const isLate = from <= place.start;
    if (upTo <= place.told) return { events: [], incomplete: isLate };
    const own = new Map(arrived.flatMap(({ event }) => (event ? [[event.message.seq, event] as const] : [])));
    const isFar = upTo - place.told > MOST_MISSED;
    const found = isFar ? own : await this.filled(conversation, place.told, upTo, own);
    await this.noteHidden(conversation, place);
    const events: Created[] = [];
    for (const [at, event] of [...found].sort(([a], [b]) => a - b)) {
      if (at > place.told) events.push({ ...event, recipientIds: this.recipients(conversation, place, at) });
    }
    place.told = upTo;
    return { events, incomplete: isLate || isFar };
  }

  /** Where a conversation begins that nothing was told of yet: above what everybody has been told of a while ago. */
  private placeOf(conversationId: string, start: number): Place {
    const known = this.places.get(conversationId);
    if (known) return known;
    const place: Place = { told: start, start };
    this.places.set(conversationId, place);
    return place;
  }

  private async filled(
    conversation: Conversation,
    after: number,
    upTo: number,
    own: ReadonlyMap<number, Created>,
  ): Promise<Map<number, Created>> {
    const found = new Map(own);
    let isWhole = true;
    for (let seq = after + 1; seq <= upTo; seq += 1) isWhole &&= own.has(seq);
    if (isWhole || !this.reader.recipientsOf(conversation).some((id) => this.registry.isOnline(id))) return found;
    for (const message of await this.missed.between({ conversationId: conversation.id, after, upTo })) {
      if (found.has(message.seq)) continue;
      found.set(message.seq, { message: presentNewMessage(message, conversation), recipientIds: [] });
    }
    return found;
  }

  private recipients(conversation: Conversation, { hidden }: Place, seq: number): string[] {
    return this.reader.recipientsOf(conversation).filter((id) => seq > (hidden?.upTo.get(id) ?? 0));
  }

  /** Somebody may have come in between the commit and now. */
  private async noteHidden(conversation: Conversation, place: Place): Promise<void> {
    if (conversation.history === 'all' || place.hidden?.version === conversation.version) return;
    const memberships = await this.memberships.findIn(conversation.id);
    const upTo = memberships
      .map((own): [string, number] => [own.userId, hiddenUpTo(conversation, own)])
      .filter(([, seq]) => seq > place.told);
    place.hidden = { version: conversation.version, upTo: new Map(upTo) };
  }
}
