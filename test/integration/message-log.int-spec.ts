import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomUUID } from 'node:crypto';
import { membershipFrom, type Conversation } from '../../src/conversations/conversation';
import { ConversationReader } from '../../src/conversations/conversation-reader';
import { ConversationsRepository } from '../../src/conversations/conversations.repository';
import { MembershipsRepository } from '../../src/conversations/memberships.repository';
import { SummarySettler } from '../../src/conversations/summary-settler';
import { SystemClock } from '../../src/common/clock';
import type { MessageDraft } from '../../src/message-store/message';
import { MessagesRepository, type AppendOutcome } from '../../src/message-store/messages.repository';
import type { Message } from '../../src/message-store/message';
import { FairTurns } from '../../src/messages/fair-turns';
import { MessageLog } from '../../src/messages/message-log';
import { NodeBus } from '../../src/node-bus/node-bus';
import { startTestApp, type TestApp } from '../support/test-app';

const SENDERS = ['ann', 'bob', 'cleo'];

describe('message log', () => {
  let service: TestApp;
  let app: NestFastifyApplication;
  let messages: MessagesRepository;
  let conversations: ConversationsRepository;
  let memberships: MembershipsRepository;
  beforeAll(async () => {
    service = await startTestApp();
    app = service.app;
    messages = app.get(MessagesRepository, { strict: false });
    conversations = app.get(ConversationsRepository, { strict: false });
    memberships = app.get(MembershipsRepository, { strict: false });
  }, 60_000);
  afterAll(() => service.stop());

  const aLog = (repository: MessagesRepository = messages, hears?: NodeBus): MessageLog => {
    const bus = app.get(NodeBus, { strict: false });
    return new MessageLog(repository, conversations, new SystemClock(), new FairTurns(bus), hears ?? bus);
  };

  async function aConversation(): Promise<string> {
    const now = new Date();
    const conversation: Conversation = {
      id: randomUUID(),
      type: 'group',
      audience: null,
      participants: SENDERS,
      title: 't',
      description: null,
      avatarUrl: null,
      posting: 'everyone',
      history: 'all',
      createdBy: 'ann',
      version: 1,
      summary: { seq: 0, mod: 0, lastId: null, lastAt: null, lastBy: null },
      floorSeq: 0,
      hotUntil: null,
      createdAt: now,
      updatedAt: now,
    };
    await memberships.add(SENDERS.map((userId) => membershipFrom(conversation.id, userId, 0, now)));
    await conversations.insert(conversation);
    return conversation.id;
  }

  const aDraft = (conversationId: string, n: number, key: string | null = randomUUID()): MessageDraft => ({
    id: randomUUID(),
    conversationId,
    senderId: SENDERS[n % SENDERS.length] ?? 'ann',
    senderName: 'x',
    senderRole: 'teacher',
    clientMessageId: key,
    bodyHash: 'h',
    content: `message ${n}`,
    type: 'text',
    replyTo: null,
    metadata: {},
  });

  const stored = async (id: string): Promise<Message[]> => {
    const all: Message[] = [];
    for (;;) {
      const after = all.at(-1)?.seq ?? 0;
      const page = await messages.page({ conversationId: id, after, before: 1e9, limit: 100, forward: true });
      if (page.length === 0) return all;
      all.push(...page);
    }
  };
  const dense = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
  const nothing = (): void => undefined;

  it('numbers 1, 2, 3 … in the order of commit and tells of commits in that order', async () => {
    const id = await aConversation();
    const log = aLog();
    const told: number[] = [];
    await Promise.all(dense(250).map((n) => log.append(aDraft(id, n), (message) => told.push(message.seq))));
    expect(told).toEqual(dense(250));
    expect((await stored(id)).map(({ seq }) => seq)).toEqual(dense(250));
  });

  it('goes on where another node told that it had come, in place and time', async () => {
    const id = await aConversation();
    const tried = jest.fn<undefined, [seqs: number[]]>();
    const repository = Object.assign(Object.create(messages) as MessagesRepository, {
      append: (batch: readonly Message[], ordered: boolean): Promise<AppendOutcome[]> => {
        tried(batch.map(({ seq }) => seq));
        return messages.append(batch, ordered);
      },
    });
    let hear: (told: { conversationId: string; upTo: number; at: string }) => void = nothing;
    const bus = { on: (_name: string, listener: typeof hear) => void (hear = listener) } as unknown as NodeBus;
    const [log, other] = [aLog(repository, bus), aLog()];
    await log.append(aDraft(id, 1), nothing);
    await other.append(aDraft(id, 2), nothing);
    const ahead = new Date(Date.now() + 60_000);
    hear({ conversationId: id, upTo: 2, at: ahead.toISOString() });
    hear({ conversationId: id, upTo: 1, at: new Date(0).toISOString() });
    const previous: unknown[] = [];
    const { message } = await log.append(aDraft(id, 3), (_message, senderId) => previous.push(senderId));
    expect(tried.mock.calls).toEqual([[[1]], [[3]]]);
    expect([message.createdAt, previous]).toEqual([ahead, [undefined]]);
  });

  it('keeps the order in which one sender handed messages over', async () => {
    const id = await aConversation();
    const log = aLog();
    await Promise.all(dense(60).map((n) => log.append(aDraft(id, n), nothing)));
    expect((await stored(id)).map(({ content }) => content)).toEqual(dense(60).map((n) => `message ${n}`));
  });

  it('stores each key once when two nodes race, without a hole', async () => {
    const id = await aConversation();
    const nodes = [aLog(), aLog()];
    const keys = dense(80).map(() => randomUUID());
    const results = await Promise.all(
      keys.flatMap((key, n) => nodes.map((node) => node.append(aDraft(id, n, key), nothing))),
    );
    const all = await stored(id);
    expect(all.map(({ seq }) => seq)).toEqual(dense(80));
    expect(new Set(all.map(({ clientMessageId }) => clientMessageId)).size).toBe(80);
    expect(results.filter(({ duplicate }) => duplicate)).toHaveLength(80);
  }, 60_000);

  it('never shows n + 1 before n, although a node is slow between numbering and insert', async () => {
    const id = await aConversation();
    const slow = Object.assign(Object.create(messages) as MessagesRepository, {
      append: async (batch: readonly Message[], ordered: boolean): Promise<AppendOutcome[]> => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
        return messages.append(batch, ordered);
      },
    });
    const [aSlowNode, aFastNode] = [aLog(slow), aLog()];
    let reading = true;
    let holes = 0;
    const poller = (async () => {
      while (reading) {
        const seqs = (
          await messages.page({ conversationId: id, after: 0, before: 1e9, limit: 500, forward: true })
        ).map(({ seq }) => seq);
        if (seqs.some((seq, index) => seq !== index + 1)) holes += 1;
      }
    })();
    await Promise.all(dense(100).map((n) => (n % 2 ? aSlowNode : aFastNode).append(aDraft(id, n), nothing)));
    reading = false;
    await poller;
    expect(holes).toBe(0);
    expect((await stored(id)).map(({ seq }) => seq)).toEqual(dense(100));
  }, 60_000);

  it('answers what the store holds when the answer to an insert was lost', async () => {
    const id = await aConversation();
    let lost = 0;
    const flaky = Object.assign(Object.create(messages) as MessagesRepository, {
      append: async (batch: readonly Message[], ordered: boolean): Promise<AppendOutcome[]> => {
        const outcomes = await messages.append(batch, ordered);
        lost += 1;
        if (lost % 2 === 1) throw new Error('connection lost after the commit');
        return outcomes;
      },
    });
    const log = aLog(flaky);
    const told: number[] = [];
    for (const n of dense(6)) await log.append(aDraft(id, n), (message) => told.push(message.seq));
    expect(told).toEqual(dense(6));
    expect((await stored(id)).map(({ seq }) => seq)).toEqual(dense(6));
  });

  it('refuses when nothing was stored, and goes on with the next number', async () => {
    const id = await aConversation();
    let down = true;
    const failing = Object.assign(Object.create(messages) as MessagesRepository, {
      append: (batch: readonly Message[], ordered: boolean) =>
        down ? Promise.reject(new Error('away')) : messages.append(batch, ordered),
    });
    const log = aLog(failing);
    await expect(log.append(aDraft(id, 1), nothing)).rejects.toThrow('away');
    down = false;
    expect((await log.append(aDraft(id, 2), nothing)).message.seq).toBe(1);
  });

  it('shows a reader every acknowledged message although the process died before it settled', async () => {
    const id = await aConversation();
    const { message } = await aLog().append(aDraft(id, 0), nothing);
    const reader = app.get(ConversationReader, { strict: false });
    const seen = await reader.requireSettled(id, 'bob');
    expect(seen.summary).toMatchObject({ seq: 1, lastId: message.id, lastBy: 'ann' });
    const [ann] = await memberships.findPairs([{ conversationId: id, userId: 'ann' }]);
    expect(ann?.readSeq).toBe(1);
  });

  it('settles many conversations at once, however long what came in each since', async () => {
    const [long, short, edited] = [await aConversation(), await aConversation(), await aConversation()];
    const aMessage = (id: string, seq: number): Message => {
      const at = new Date();
      const none = { mod: null, edits: [], isEdited: false, isDeleted: false };
      return { ...aDraft(id, seq), ...none, seq, createdAt: at, updatedAt: at };
    };
    const fill = (id: string, upTo: number): Promise<unknown> =>
      messages.append(
        Array.from({ length: upTo }, (_, i) => aMessage(id, i + 1)),
        true,
      );
    await fill(long, 2_100);
    await fill(short, 3);
    const changed = aMessage(edited, 1);
    await messages.append([changed], true);
    await messages.change(changed, { kind: 'edit', content: 'changé', at: new Date() }, 7);
    const settler = new SummarySettler(conversations, memberships, messages, new SystemClock());
    const headsOf = async (...ids: string[]): Promise<unknown[]> => {
      const found = await conversations.heads(ids);
      return ids.map((id) => found.get(id));
    };
    await settler.settle([short, edited]);
    expect(await headsOf(long, short, edited)).toEqual([
      { seq: 0, mod: 0 },
      { seq: 3, mod: 0 },
      { seq: 1, mod: 7 },
    ]);
    await settler.settle([long, short, edited]);
    expect(await headsOf(long)).toEqual([{ seq: 2_100, mod: 0 }]);
    const readIn = async (id: string): Promise<ReadonlyMap<string, number>> =>
      new Map((await memberships.findIn(id)).map(({ userId, readSeq }) => [userId, readSeq]));
    expect(await readIn(long)).toEqual(
      new Map([
        ['ann', 2_100],
        ['bob', 2_098],
        ['cleo', 2_099],
      ]),
    );
    expect(await readIn(short)).toEqual(
      new Map([
        ['ann', 3],
        ['bob', 1],
        ['cleo', 2],
      ]),
    );
  });

  it('repairs the marks that a dead process left, and only those', async () => {
    const [dead, live] = [await aConversation(), await aConversation()];
    await aLog().append(aDraft(dead, 0), nothing);
    await aLog().append(aDraft(live, 0), nothing);
    const later = new (class extends SystemClock {
      override now(): number {
        return Date.now() + 100_000;
      }
    })();
    await conversations.markHot([live], new Date(later.now()));
    await new SummarySettler(conversations, memberships, messages, later).repair();
    expect(await conversations.findById(dead)).toMatchObject({ hotUntil: null, summary: { seq: 1 } });
    expect((await conversations.findById(live))?.hotUntil).not.toBeNull();
  });
});
