import type { Conversation, Membership } from '../../conversations/conversation';
import type { ConversationReader } from '../../conversations/conversation-reader';
import type { MembershipsRepository } from '../../conversations/memberships.repository';
import type { Message } from '../../message-store/message';
import type { SeqRange } from '../../message-store/messages.repository';
import type { ConnectionRegistry } from '../../presence/connection-registry';
import type { NewMessages } from './arrival';
import { type InOrder, MessageOrder } from './message-order';
import type { MissedMessages } from './missed-messages';

const AT = new Date(0);
const message = (seq: number): Message =>
  ({ id: `m${seq}`, conversationId: 'c', seq, senderId: 'ana', createdAt: AT, updatedAt: AT, content: 'x' }) as Message;

describe('MessageOrder', () => {
  /** How many messages the store holds. */
  let stored: number;
  /** The ranges that were read of it. */
  let read: [after: number, upTo: number][];
  let online: Set<string>;
  let conversation: Conversation;
  let memberships: Membership[];
  let order: MessageOrder;
  beforeEach(() => {
    stored = 1_000;
    read = [];
    online = new Set(['ben']);
    conversation = {
      id: 'c',
      type: 'group',
      participants: ['ana', 'ben'],
      history: 'all',
      version: 1,
    } as unknown as Conversation;
    memberships = [];
    order = new MessageOrder(
      { recipientsOf: ({ participants }: Conversation) => participants } as unknown as ConversationReader,
      { findIn: () => Promise.resolve(memberships) } as unknown as MembershipsRepository,
      { between: (range: SeqRange) => Promise.resolve(between(range)) } as unknown as MissedMessages,
      { isOnline: (id: string) => online.has(id) } as unknown as ConnectionRegistry,
    );
  });

  const between = ({ after, upTo }: SeqRange): Message[] => {
    read.push([after, upTo]);
    const last = Math.min(upTo, stored);
    return Array.from({ length: Math.max(0, last - after) }, (_, index) => message(after + 1 + index));
  };
  const elsewhere = (from: number, upTo = from): NewMessages => ({ kind: 'messages', from, upTo });
  const here = (seq: number): NewMessages => ({
    kind: 'messages',
    from: seq,
    upTo: seq,
    event: {
      message: { seq } as never,
      recipientIds: [],
      originSocketId: `socket of ${seq}`,
    },
  });
  /** @param settled how far the summary of the conversation was */
  const next = (arrivals: NewMessages[], settled = 1_000): Promise<InOrder> =>
    order.next({ conversation, seq: settled }, arrivals);
  const seqs = ({ events }: InOrder): number[] => events.map((event) => event.message.seq);

  it('tells what was committed here without a look at the store, to everybody, with the socket that has its answer', async () => {
    const { events, incomplete } = await next([here(5)]);
    expect(events).toMatchObject([{ recipientIds: ['ana', 'ben'], originSocketId: 'socket of 5' }]);
    expect([read, incomplete]).toEqual([[], false]);
  });

  it('reads what was committed elsewhere, and puts it in its place among the own', async () => {
    await next([here(5)]);
    const told = await next([here(9), elsewhere(6, 8), here(10)]);
    expect(seqs(told)).toEqual([6, 7, 8, 9, 10]);
    expect(read).toEqual([[5, 10]]);
    expect(told.events.map(({ originSocketId }) => originSocketId)).toEqual([
      undefined,
      undefined,
      undefined,
      'socket of 9',
      'socket of 10',
    ]);
  });

  it('tells what nobody said when something above it is committed, and not again when it is said later', async () => {
    await next([here(5)]);
    expect(seqs(await next([here(8)]))).toEqual([6, 7, 8]);
    expect(await next([elsewhere(6), elsewhere(7)])).toEqual({ events: [], incomplete: false });
  });

  it('begins above what has been settled for a while', async () => {
    expect(seqs(await next([here(9)], 6))).toEqual([7, 8, 9]);
  });

  it('says that something is missing when a message comes from below where it began', async () => {
    await next([here(9)]);
    expect(await next([elsewhere(8)])).toEqual({ events: [], incomplete: true });
  });

  it('says so when too much is missing, and goes on from there', async () => {
    await next([here(5)]);
    const told = await next([here(500)]);
    expect([seqs(told), told.incomplete, read]).toEqual([[500], true, []]);
    expect(seqs(await next([here(501)]))).toEqual([501]);
  });

  it('does not read what nobody here would hear', async () => {
    online.clear();
    expect(seqs(await next([elsewhere(5, 8)]))).toEqual([]);
    expect(read).toEqual([]);
    online.add('ben');
    expect(seqs(await next([elsewhere(9)]))).toEqual([9]);
  });

  it('keeps what came before a newcomer from them where history is hidden, whichever version they came in with', async () => {
    conversation = { ...conversation, history: 'joined' };
    memberships = [{ userId: 'ben', joinedSeq: 0 } as Membership];
    await next([here(5)]);
    conversation = { ...conversation, participants: ['ana', 'ben', 'cleo'], version: 2 };
    memberships = [...memberships, { userId: 'cleo', joinedSeq: 6 } as Membership];
    const { events } = await next([here(6), here(7)]);
    expect(events.map(({ recipientIds }) => recipientIds)).toEqual([
      ['ana', 'ben'],
      ['ana', 'ben', 'cleo'],
    ]);
  });
});
