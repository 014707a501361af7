import { setTimeout as delay } from 'node:timers/promises';
import type { MessagePayload } from '../../src/contract/payloads';
import { eventually } from '../support/eventually';
import { Cluster, type ServiceNode } from '../support/nodes';
import { aParent, aTeacher, anAdmin } from '../support/people';
import { PlainClient } from '../support/plain-client';
import { historyAs, Replica, syncAs } from '../support/replica';
import { School } from '../support/school';
import { connectAs, nextEvent, type TestSocket } from '../support/socket-client';
import type { TestPerson } from '../support/tokens';

/** How long a writing node is stopped: longer than a hot mark stands (docs/adr/0002). */
const STOPPED_MS = 120_000;
/** How long it may take then until it writes again: no longer than a request. */
const HEALED_MS = 10_000;
/** How long Redis is away. */
const AWAY_MS = 6_000;
const WRITERS = 6;
const POLL_MS = 50;

interface Written {
  readonly content: string;
  readonly key: string;
  /** Where the service said that it stands; unset: the outcome is unknown to the client. */
  seq?: number;
}

/** A client that sends one after the other until it is told to stop, and remembers what it was told. */
class Writer {
  readonly written: Written[] = [];
  private stopped = false;
  private readonly done: Promise<void>;

  constructor(
    private readonly node: ServiceNode,
    private readonly person: TestPerson,
    private readonly conversationId: string,
    private readonly name: string,
  ) {
    this.done = this.run();
  }

  get acknowledged(): number {
    return this.written.filter(({ seq }) => seq !== undefined).length;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.done;
  }

  /** What is not known to be stored is sent again by its key, to a node that answers. */
  async resend(node: ServiceNode): Promise<void> {
    for (const one of this.written) if (one.seq === undefined) await this.send(one, node);
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      const n = this.written.length;
      const one: Written = { content: `${this.name} ${n}`, key: `${this.name}-${n}` };
      this.written.push(one);
      // A broken connection is an unknown outcome.
      await this.send(one, this.node).catch(() => delay(POLL_MS));
    }
  }

  private async send(one: Written, node: ServiceNode): Promise<void> {
    const body = { conversation_id: this.conversationId, content: one.content, client_message_id: one.key };
    const answer = await node.call('POST', '/api/v1/messages/send', { as: this.person, body });
    if (answer.status < 300) one.seq = (answer.body as unknown as MessagePayload).seq;
  }
}

describe('nodes that fail', () => {
  let cluster: Cluster;
  let a: ServiceNode;
  let b: ServiceNode;
  let onA: School;
  let onB: School;
  let teacher: TestPerson;
  let parent: TestPerson;
  let conversation: string;
  const sockets: { disconnect(): void }[] = [];

  beforeAll(async () => {
    cluster = await Cluster.start(2, { MAX_CONNECTIONS_PER_USER: '20' });
  });
  beforeEach(async () => {
    while (cluster.nodes.length < 2) await cluster.add();
    [a, b] = cluster.nodes as [ServiceNode, ServiceNode];
    [onA, onB] = [new School(a), new School(b)];
    [teacher, parent] = [aTeacher(), aParent()];
    conversation = await onA.group([teacher, parent]);
    await eventually(
      'both nodes are well',
      async () => (await a.health()) === 'healthy' && (await b.health()) === 'healthy',
    );
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.disconnect();
  });
  afterAll(async () => {
    await cluster.stop();
  });

  const socketOn = async (node: ServiceNode, person: TestPerson): Promise<TestSocket> => {
    const socket = await connectAs(node.url, person);
    sockets.push(socket);
    return socket;
  };
  const plainOn = async (node: ServiceNode, person: TestPerson): Promise<PlainClient> => {
    const client = await PlainClient.as(node.url, person);
    sockets.push({ disconnect: () => client.close() });
    return client;
  };
  const historyOf = (node: ServiceNode): Promise<Map<number, string | null>> => historyAs(node, parent, conversation);
  const writersOn = (node: ServiceNode, name: string): Writer[] =>
    Array.from({ length: WRITERS }, (_, n) => new Writer(node, teacher, conversation, `${name}${n}`));
  const enough = (writers: readonly Writer[], count = 5): Promise<void> =>
    eventually('the writers write', () => writers.every(({ acknowledged }) => acknowledged >= count));
  /** Everything acknowledged is there, once, at its place; the numbers have no hole. */
  const checkHistory = (history: ReadonlyMap<number, string | null>, writers: readonly Writer[]): void => {
    const seqs = [...history.keys()];
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    const contents = [...history.values()];
    expect(new Set(contents).size).toBe(contents.length);
    for (const { written } of writers) {
      for (const { content, seq } of written) if (seq !== undefined) expect(history.get(seq)).toBe(content);
    }
  };

  it.each([
    ['is killed', () => cluster.redis.kill(), () => cluster.redis.start()],
    ['hangs', () => Promise.resolve(cluster.redis.pause()), () => Promise.resolve(cluster.redis.resume())],
  ])('while Redis %s the service goes on, and afterwards every socket is called to sync', async (_, away, back) => {
    const replica = new Replica();
    await replica.catchUp(syncAs(b, parent));
    const everybody = [await socketOn(a, teacher), await socketOn(b, parent)];
    const plain = [await plainOn(a, parent), await plainOn(b, teacher)];
    await away();
    const ended = delay(AWAY_MS);
    await eventually(
      'the loss is seen',
      async () => (await a.health()) === 'degraded' && (await b.health()) === 'degraded',
    );
    // Same-node delivery is live, at both doors.
    const live = nextEvent(everybody[1] as TestSocket, 'message_received', ({ content }) => content === 'on B');
    expect((await onB.send(teacher, conversation, 'on B')).status).toBe(201);
    await live;
    await (plain[1] as PlainClient).next(({ type, content }) => type === 'message_received' && content === 'on B');
    expect((await onA.send(teacher, conversation, 'on A')).status).toBe(201);
    await (plain[0] as PlainClient).next(({ type, content }) => type === 'message_received' && content === 'on A');
    await ended;
    const called = everybody.map((socket) => heardCall(socket));
    await back();
    await Promise.all(called);
    for (const client of plain)
      await client.next(({ type, reason }) => type === 'sync_required' && reason === 'missed_events');
    await eventually(
      'both are well again',
      async () => (await a.health()) === 'healthy' && (await b.health()) === 'healthy',
    );
    await replica.catchUp(syncAs(b, parent));
    expect(replica.messages.get(conversation)).toEqual(await historyOf(a));
    // And from now on live again.
    const again = nextEvent(everybody[1] as TestSocket, 'message_received', ({ content }) => content === 'again');
    await onA.send(teacher, conversation, 'again');
    await again;
  });

  it('while Redis hangs, who is deactivated or loses a role on one node hears on the other of nothing newer', async () => {
    const admin = anAdmin();
    await onB.meet(admin);
    const help = await onA.support(parent);
    const [spy, former, witness] = [await plainOn(b, teacher), await plainOn(b, admin), await plainOn(b, parent)];
    const hears = (client: PlainClient, id: string, text: string): Promise<unknown> =>
      client.next(({ conversation_id, content }) => conversation_id === id && content === text);
    await onB.send(parent, help, 'before');
    await hears(former, help, 'before');
    cluster.redis.pause();
    try {
      await onA.sync(teacher, { is_active: false });
      await onA.sync(admin, { role: 'teacher' });
      for (const id of [conversation, help]) expect((await onB.send(parent, id, 'secret')).status).toBe(201);
      for (const id of [conversation, help]) await hears(witness, id, 'secret');
    } finally {
      cluster.redis.resume();
    }
    expect(await spy.closed).toBe(4401);
    for (const { frames } of [spy, former]) expect(frames.map(({ content }) => content)).not.toContain('secret');
  });

  it(
    'a writing node that is stopped and goes on leaves no hole for a reader who polls the other',
    async () => {
      const replica = new Replica();
      await replica.catchUp(syncAs(b, parent));
      const writers = [...writersOn(a, 'a'), ...writersOn(b, 'b')];
      let polling = true;
      const reader = (async (): Promise<void> => {
        while (polling) {
          await replica.catchUp(syncAs(b, parent));
          await delay(POLL_MS);
        }
      })();
      await enough(writers);
      a.process.pause();
      await delay(STOPPED_MS / 2);
      const ofB = writers.filter((_, index) => index >= WRITERS);
      const before = ofB.map(({ acknowledged }) => acknowledged);
      const [edited, deleted] = [ofB[0]?.written[0]?.seq ?? 0, ofB[1]?.written[0]?.seq ?? 0];
      const ids = await idsOf(b, [edited, deleted]);
      await b.call('PATCH', `/api/v1/messages/${ids[0]}`, { as: teacher, body: { content: 'edited meanwhile' } });
      await b.call('DELETE', `/api/v1/messages/${ids[1]}`, { as: teacher });
      await delay(STOPPED_MS / 2);
      // One node that is stopped does not stop the other.
      expect(ofB.every(({ acknowledged }, index) => acknowledged > (before[index] ?? 0))).toBe(true);
      a.process.resume();
      const resumed = writers.slice(0, WRITERS).map(({ acknowledged }) => acknowledged);
      await eventually(
        'the stopped node writes again',
        () => writers.slice(0, WRITERS).every(({ acknowledged }, index) => acknowledged > (resumed[index] ?? 0) + 2),
        HEALED_MS,
      );
      await Promise.all(writers.map((writer) => writer.stop()));
      for (const writer of writers) await writer.resend(b);
      polling = false;
      await reader;
      await replica.catchUp(syncAs(b, parent));
      const history = await historyOf(a);
      expect(history.get(edited)).toBe('edited meanwhile');
      expect(history.get(deleted)).toBeNull();
      expect(replica.messages.get(conversation)).toEqual(history);
      expect(history).toEqual(await historyOf(b));
    },
    2 * STOPPED_MS,
  );

  it('a node killed under load takes nothing with it that was acknowledged, and its clients go on at the other', async () => {
    const [replica, other] = [new Replica(), await plainOn(b, parent)];
    await replica.catchUp(syncAs(a, parent));
    const client = await socketOn(a, parent);
    const lost = new Promise((resolve) => client.once('disconnect', resolve));
    const writers = [...writersOn(a, 'a'), ...writersOn(b, 'b')];
    await enough(writers);
    await a.process.kill();
    cluster.nodes.splice(cluster.nodes.indexOf(a), 1);
    await lost;
    await Promise.all(writers.map((writer) => writer.stop()));
    for (const writer of writers) await writer.resend(b);
    const back = await socketOn(b, parent);
    const history = await historyOf(b);
    checkHistory(history, writers);
    // The cursor is of the dead node; the other understands it.
    await replica.catchUp(syncAs(b, parent));
    expect(replica.messages.get(conversation)).toEqual(history);
    // What the dead node had committed and not told is told by the next, or by a call to sync.
    const isCalled = (): boolean => other.frames.some(({ type }) => type === 'sync_required');
    await eventually('the silence of the dead node is noticed', isCalled);
    const live = nextEvent(back, 'message_received', ({ content }) => content === 'go on');
    await onB.send(teacher, conversation, 'go on');
    await live;
  });

  const idsOf = async (node: ServiceNode, seqs: readonly number[]): Promise<string[]> => {
    const path = (seq: number): string => `/api/v1/messages/history/${conversation}?limit=1&after_seq=${seq - 1}`;
    const pages = await Promise.all(seqs.map((seq) => node.call('GET', path(seq), { as: parent })));
    return pages.map(({ body }) => body.messages?.[0]?.message_id ?? '');
  };
});

/** The reconnection takes as long as the steps between two tries, so that this waits longer than other events. */
const heardCall = (socket: TestSocket): Promise<unknown> =>
  new Promise((resolve) => socket.once('sync_required', resolve));
