import { Injectable } from '@nestjs/common';
import { SharedRuns } from '../common/shared-runs';
import type { ConversationPayload, SyncEvent } from '../contract/payloads';
import { deliveredAtOf, hiddenUpTo, readAtOf, type Conversation, type Membership } from '../conversations/conversation';
import { ConversationViews, type SharedView } from '../conversations/conversation-views';
import type { SyncRow } from '../conversations/conversations.repository';
import type { Message } from '../message-store/message';
import { MessagesRepository, type SeqRange } from '../message-store/messages.repository';
import { Retention } from '../message-store/retention';
import { NAMED_RECEIPTS, presenterIn } from '../messages/message.presenter';
import { digestOf, isOfSameStay, ownDigestOf, type SyncPosition } from './sync-position';

/** What happened in one conversation since a position, and the position after it. */
export interface Delta {
  readonly events: SyncEvent[];
  readonly position: SyncPosition;
  /** False: there is more than was asked for. */
  readonly complete: boolean;
}

/** Where a client stands, and what stands now; the row was read before the memberships. */
export interface Missed {
  readonly conversation: Conversation;
  readonly row: SyncRow;
  /** Undefined: the conversation is new to the client. */
  readonly known: SyncPosition | undefined;
  readonly memberships: readonly Membership[];
  /** The client knows it from before the viewer was taken out and in again: what it holds is hidden now. */
  readonly returned?: boolean;
  /** The new messages up to the row, where they have been read already. */
  readonly added?: readonly Message[] | undefined;
  /** As the viewer is to see it, where that is to be told and the conversation is still there. */
  readonly view?: ConversationPayload | undefined;
}

const END = Number.MAX_SAFE_INTEGER;
/** How long what is shared is waited for. */
export const SHARED_MS = 10_000;

/**
 * Reads what a client of one participant missed in one conversation. The row is read before anything else: whatever is
 * committed later stands above its numbers and comes with the next sync.
 */
@Injectable()
export class ConversationDelta {
  // A class that comes back together is told the same of its conversations.
  private readonly shown = new SharedRuns((keys: readonly string[]) => this.presentEach(keys), SHARED_MS);

  constructor(
    private readonly views: ConversationViews,
    private readonly messages: MessagesRepository,
    private readonly retention: Retention,
  ) {}

  /**
   * Reads what several conversations need together: the views to be told, and in one query the new messages, as far as
   * they are few.
   * @param limit messages at most: a conversation with more than what is left of it is read by itself, later
   */
  async readAhead(viewerId: string, several: readonly Missed[], limit: number): Promise<Missed[]> {
    const told = several.filter((missed) => viewEventOf(viewerId, missed) !== undefined).map(({ row }) => row.id);
    const [views, added] = await Promise.all([
      told.length === 0 ? undefined : this.shown.run(told.map((id) => `${id} ${viewerId}`)),
      this.addedAhead(viewerId, several, limit),
    ]);
    return several.map((missed) => {
      const { id } = missed.row;
      const view = views?.get(id)?.find(({ recipientIds }) => recipientIds.includes(viewerId))?.conversation;
      return { ...missed, view, added: added.get(id) };
    });
  }

  private async addedAhead(
    viewerId: string,
    several: readonly Missed[],
    limit: number,
  ): Promise<ReadonlyMap<string, Message[]>> {
    const ahead = new Map<string, Message[]>();
    const ranges: SeqRange[] = [];
    let left = limit;
    for (const missed of several) {
      const { id: conversationId, seq: upTo } = missed.row;
      const { after } = standingOf(viewerId, missed);
      if (upTo <= after || upTo - after > left) continue;
      ranges.push({ conversationId, after, upTo });
      ahead.set(conversationId, []);
      left -= upTo - after;
    }
    if (ranges.length === 0) return ahead;
    for (const message of await this.messages.between(ranges)) ahead.get(message.conversationId)?.push(message);
    return ahead;
  }

  /** @param missed as `readAhead` gives it @param limit messages at most; receipts and the conversation come besides */
  async read(viewerId: string, missed: Missed, limit: number): Promise<Delta> {
    const { conversation, row, memberships, view } = missed;
    const { own, start, after } = standingOf(viewerId, missed);
    const viewEvent = viewEventOf(viewerId, missed);
    const known = viewEvent === 'conversation_created' ? undefined : missed.known;
    const digest = digestOf(memberships);
    const ownDigest = ownDigestOf(own);
    const events: SyncEvent[] = [];
    if (missed.returned) events.push(leftOf(row.id, viewerId));
    if (view && viewEvent === 'conversation_created') events.push({ type: viewEvent, data: view });

    const changes = await this.changes(conversation.id, start, row, limit);
    const added = changes.complete
      ? await this.added(missed, start, after, limit - changes.messages.length)
      : { messages: [], seq: start.seq, complete: false };
    const floor = Math.max(hiddenUpTo(conversation, own), await this.retention.floorOf(conversation));
    const visible = [...changes.messages, ...added.messages].filter(
      (message) => message.seq > floor && !this.retention.isExpired(message),
    );
    visible.sort((a, b) => a.seq - b.seq);
    const present = presenterIn({ conversation, memberships });
    for (const message of visible) {
      const isNew = message.seq > start.seq;
      events.push(eventOf(message, isNew, present(message)(viewerId)));
    }
    if (!added.complete) {
      const position = { ...start, seq: added.seq, mod: changes.mod };
      return { events, position, complete: false };
    }
    if (known && digest !== known.digest) {
      const idOf = new Map(visible.map(({ seq, id }) => [seq, id]));
      events.push(...(await this.receipts(viewerId, conversation, memberships, idOf)));
    }
    if (view && viewEvent === 'conversation_updated') events.push({ type: viewEvent, data: view });
    const { version } = conversation;
    return {
      events,
      position: { seq: added.seq, mod: changes.mod, version, receipts: row.receipts, digest, own: ownDigest },
      complete: true,
    };
  }

  /** @param keys conversation and viewer, with a space between */
  private presentEach(keys: readonly string[]): Promise<Map<string, SharedView[]>> {
    const wanted = new Map<string, string[]>();
    for (const key of keys) {
      const end = key.indexOf(' ');
      const [conversationId, viewerId] = [key.slice(0, end), key.slice(end + 1)];
      const viewers = wanted.get(conversationId);
      if (viewers) viewers.push(viewerId);
      else wanted.set(conversationId, [viewerId]);
    }
    return this.views.presentEach(wanted);
  }

  /** Edits and deletions of messages that the client has; newer messages come in their present state anyway. */
  private async changes(
    conversationId: string,
    start: SyncPosition,
    row: SyncRow,
    limit: number,
  ): Promise<{ messages: Message[]; mod: number; complete: boolean }> {
    if (row.mod <= start.mod) return { messages: [], mod: start.mod, complete: true };
    const found = await this.messages.changedSince(conversationId, start.mod, limit);
    const complete = found.length < limit;
    const last = found.at(-1)?.mod ?? start.mod;
    return {
      messages: found.filter(({ seq }) => seq <= start.seq),
      // A change whose message has expired is told by nobody; the row says how far they go. What came after the row may
      // have changed a message that was read ahead of it: it comes with the next sync.
      mod: complete ? row.mod : Math.min(last, row.mod),
      complete,
    };
  }

  private async added(
    { row, added }: Missed,
    start: SyncPosition,
    after: number,
    limit: number,
  ): Promise<{ messages: readonly Message[]; seq: number; complete: boolean }> {
    if (row.seq <= start.seq) return { messages: [], seq: start.seq, complete: true };
    if (added && added.length <= limit) return { messages: added, seq: row.seq, complete: true };
    if (limit <= 0) return { messages: [], seq: start.seq, complete: false };
    const messages = await this.messages.page({ conversationId: row.id, after, before: END, limit, forward: true });
    const complete = messages.length < limit;
    const last = messages.at(-1)?.seq ?? start.seq;
    return { messages, seq: complete ? Math.max(last, row.seq) : last, complete };
  }

  /** Positions of everybody where names are told, else the viewer's own, and the others' if the viewer wrote lately. */
  private async receipts(
    viewerId: string,
    conversation: Conversation,
    memberships: readonly Membership[],
    idOf: ReadonlyMap<number, string>,
  ): Promise<SyncEvent[]> {
    const { id, participants, summary } = conversation;
    const own = memberships.find(({ userId }) => userId === viewerId);
    const small = participants.length <= NAMED_RECEIPTS;
    const wrote = small || (await this.messages.sendersBetween(id, 0, summary.seq)).includes(viewerId);
    // A position is named by its message: of what the viewer does not see, none is told.
    const hidden = hiddenUpTo(conversation, own);
    const floorOf = ({ joinedSeq }: Membership): number => Math.max(hidden, joinedSeq);
    const told = memberships.filter((m) => (wrote || m.userId === viewerId) && m.deliveredSeq > floorOf(m));
    const seqs = told.flatMap(({ readSeq, deliveredSeq }) => [readSeq, deliveredSeq]);
    const unknown = [...new Set(seqs)].filter((seq) => seq > 0 && !idOf.has(seq));
    const ids = new Map([...idOf, ...(unknown.length > 0 ? await this.messages.idsAt(id, unknown) : [])]);
    return told.flatMap((member) => receiptsOf(id, member, floorOf(member), ids));
  }
}

/** The viewer is no longer in it, whatever the client holds of it. */
export const leftOf = (conversation_id: string, user_id: string): SyncEvent => ({
  type: 'conversation_left',
  data: { conversation_id, user_id },
});

/** Where history is hidden (`joined`), who was taken out and in again since begins anew: left, then created. */
export function sinceReturn(viewerId: string, missed: Missed): Missed {
  const { conversation, known, memberships } = missed;
  const own = memberships.find(({ userId }) => userId === viewerId);
  if (!known || conversation.history !== 'joined' || isOfSameStay(known.own, own)) return missed;
  return { ...missed, known: undefined, returned: true };
}

/** What a member has read, and what they have received beyond that: reading is receiving. */
function receiptsOf(
  conversation_id: string,
  member: Membership,
  floor: number,
  ids: ReadonlyMap<number, string>,
): SyncEvent[] {
  const { userId, readSeq, deliveredSeq } = member;
  const at = (seq: number): { conversation_id: string; message_id: string; seq: number } | undefined => {
    const message_id = seq > floor ? ids.get(seq) : undefined;
    return message_id === undefined ? undefined : { conversation_id, message_id, seq };
  };
  const [read, delivered] = [at(readSeq), deliveredSeq > readSeq ? at(deliveredSeq) : undefined];
  const [readAt, deliveredAt] = [readAtOf(member, readSeq), deliveredAtOf(member, deliveredSeq)];
  const events: SyncEvent[] = [];
  if (read && readAt) {
    events.push({ type: 'message_read', data: { ...read, read_by: userId, read_at: readAt.toISOString() } });
  }
  if (delivered && deliveredAt) {
    const data = { ...delivered, delivered_to: userId, delivered_at: deliveredAt.toISOString() };
    events.push({ type: 'message_delivered', data });
  }
  return events;
}

/** Where the viewer's client stands, and above which `seq` there is something new to show. */
function standingOf(
  viewerId: string,
  { conversation, row, known, memberships }: Missed,
): { own: Membership | undefined; start: SyncPosition; after: number } {
  const own = memberships.find(({ userId }) => userId === viewerId);
  const start = known ?? startOf(row, own);
  return { own, start, after: Math.max(start.seq, hiddenUpTo(conversation, own)) };
}

/**
 * What is to be told of the conversation itself. One without a message when the cursor was taken stood in no list but its
 * creator's (contract 2): the client gets it with the first message. Mute and archive are the viewer's own and change no
 * version.
 */
function viewEventOf(
  viewerId: string,
  { conversation, row, known, memberships }: Missed,
): 'conversation_created' | 'conversation_updated' | undefined {
  const isUnlisted = known?.seq === 0 && conversation.createdBy !== viewerId;
  if (!known || (isUnlisted && row.seq > 0)) return 'conversation_created';
  const own = memberships.find(({ userId }) => userId === viewerId);
  return conversation.version !== known.version || ownDigestOf(own) !== known.own ? 'conversation_updated' : undefined;
}

/**
 * Where a conversation begins that is new to the client: with what came after the person. `own` names the stay, so that
 * the next page goes on and does not begin anew.
 */
const startOf = (row: SyncRow, own: Membership | undefined): SyncPosition => ({
  seq: own?.joinedSeq ?? 0,
  mod: row.mod,
  version: 0,
  receipts: 0,
  digest: 0,
  own: ownDigestOf(own),
});

function eventOf(message: Message, isNew: boolean, payload: { created_at: string }): SyncEvent {
  if (message.isDeleted) {
    const { conversationId: conversation_id, id: message_id, seq } = message;
    return { type: 'message_deleted', data: { conversation_id, message_id, seq } };
  }
  if (!isNew) return { type: 'message_updated', data: payload };
  return { type: 'message_received', data: { ...payload, timestamp: payload.created_at } };
}
