import { setTimeout as delay } from 'node:timers/promises';
import type { ConversationPayload, MessagePayload } from '../../src/contract/payloads';
import { Cluster, type ServiceNode } from '../support/nodes';
import { aParent, aStudent, aTeacher } from '../support/people';
import { historyAs, Replica, syncAs } from '../support/replica';
import { CONVERSATIONS, School } from '../support/school';
import { randomFrom, SlowLink } from '../support/slow-link';
import { ask, connectAs, type TestSocket } from '../support/socket-client';
import type { Answer } from '../support/test-app';
import type { TestPerson } from '../support/tokens';

const SEED = 6;
const GROUPS = 3;
/** What one writer does. */
const ACTIONS = 40;
const USUAL_MS = 200;
/** Longer than the service waits for a commit: the client is told that the outcome is unknown. */
const LONG_MS = 4_000;
const RETRY_MS = 50;

/** A fourth of the writes waits a little, a few very long. */
function waits(random: () => number): () => number {
  return () => {
    const dice = random();
    if (dice > 0.99) return LONG_MS;
    return dice < 0.25 ? Math.ceil(dice * 4 * USUAL_MS) : 0;
  };
}

type Service = Pick<ServiceNode, 'call'>;

/** As a client does: what the service could not answer is asked again. */
const patient = (node: ServiceNode): Service => ({
  call: async (method, path, options) => {
    for (;;) {
      const answer = await node.call(method, path, options);
      if (answer.status < 300) return answer;
      if (answer.status < 500) throw new Error(`${method} ${path}: ${answer.text}`);
      await delay(RETRY_MS);
    }
  },
});

interface Own {
  readonly message: MessagePayload;
  /** What it says now; null: deleted. */
  content: string | null;
}

/** A device of a person that writes, corrects, deletes, reads and reports deliveries, one after the other. */
class Writer {
  readonly own: Own[] = [];

  constructor(
    private readonly service: Service,
    private readonly person: TestPerson,
    private readonly socket: TestSocket,
    private readonly conversations: readonly string[],
    private readonly random: () => number,
  ) {}

  async work(): Promise<void> {
    for (let n = 0; n < ACTIONS; n += 1) {
      const dice = this.random();
      const conversation = this.oneOf(this.conversations) ?? '';
      const mine = this.oneOf(this.own.filter(({ content }) => content !== null));
      if (!mine || dice < 0.55) await this.send(conversation, n);
      else if (dice < 0.7) await this.edit(mine, `${mine.content} and ${n}`);
      else if (dice < 0.8) await this.remove(mine);
      else if (dice < 0.95) await this.readAll(conversation);
      else await this.reportAll(conversation);
    }
  }

  private oneOf<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.random() * list.length)];
  }

  private call(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.service.call(method, `/api/v1/messages/${path}`, { as: this.person, body });
  }

  private async send(conversation_id: string, n: number): Promise<void> {
    const content = `${this.socket.id} ${n}`;
    const { body } = await this.call('POST', 'send', { conversation_id, content, client_message_id: content });
    this.own.push({ message: body as unknown as MessagePayload, content });
  }

  private async edit(own: Own, content: string): Promise<void> {
    await this.call('PATCH', own.message.message_id, { content });
    own.content = content;
  }

  private async remove(own: Own): Promise<void> {
    await this.call('DELETE', own.message.message_id);
    own.content = null;
  }

  private async readAll(conversation: string): Promise<void> {
    await this.call('POST', `conversations/${conversation}/read`);
  }

  private async reportAll(conversation_id: string): Promise<void> {
    const { body } = await this.call('GET', `history/${conversation_id}?limit=1`);
    const seq = body.messages?.[0]?.seq;
    // What is not acknowledged may be lost: the next report says it too.
    if (seq) await ask(this.socket, 'message_delivered', { conversation_id, seq }).catch(() => undefined);
  }
}

/** A client that asks for what changed, again and again, each time one of its nodes. */
class Reader {
  readonly replica = new Replica();
  /** Places that it did not know when it knew higher ones. */
  readonly holes: string[] = [];
  private asked = 0;

  constructor(
    private readonly person: TestPerson,
    private readonly nodes: readonly Service[],
  ) {}

  async catchUp(): Promise<void> {
    await this.replica.catchUp((since) => {
      const node = this.nodes[this.asked++ % this.nodes.length] as Service;
      return syncAs(node, this.person)(since);
    });
    for (const [id, messages] of this.replica.messages) {
      for (let seq = 1; seq <= messages.size; seq += 1) if (!messages.has(seq)) this.holes.push(`${id} ${seq}`);
    }
  }
}

describe('two nodes whose writes reach the store late, and whose answers come late', () => {
  const random = randomFrom(SEED);
  const links: SlowLink[] = [];
  const sockets: TestSocket[] = [];
  let cluster: Cluster;
  let a: Service;
  let b: Service;

  beforeAll(async () => {
    cluster = await Cluster.start(0, { MAX_CONNECTIONS_PER_USER: '20' });
    for (let n = 0; n < 2; n += 1) {
      const link = new SlowLink(cluster.store.url, waits(random));
      links.push(link);
      await cluster.add({ MONGODB_URL: await link.open() });
    }
    [a, b] = cluster.nodes.map(patient) as [Service, Service];
  });
  afterAll(async () => {
    for (const socket of sockets) socket.disconnect();
    await cluster.stop();
    for (const link of links) await link.close();
  });

  const positionsOf = async (node: Service, as: TestPerson, id: string) => {
    const { body } = await node.call('GET', `${CONVERSATIONS}/${id}`, { as });
    const details = (body as unknown as ConversationPayload).participant_details;
    return {
      read: new Map(details.map(({ user_id, last_read_seq }) => [user_id, last_read_seq])),
      delivered: new Map(details.map(({ user_id, last_delivered_seq }) => [user_id, last_delivered_seq])),
    };
  };

  it('leave every polling reader with what the service holds: nothing skipped, nothing twice', async () => {
    const [teacher, parent, student] = [aTeacher(), aParent(), aStudent()];
    const people = [teacher, parent, student];
    const readers = new Map([
      [teacher, new Reader(teacher, [a])],
      [parent, new Reader(parent, [b])],
      [student, new Reader(student, [a, b])],
    ]);
    for (const reader of readers.values()) await reader.catchUp();
    const conversations = [];
    for (let n = 0; n < GROUPS; n += 1) conversations.push(await new School(a).group(people));
    const writers: Writer[] = [];
    for (const [index, person] of people.entries()) {
      for (const node of cluster.nodes) {
        const socket = await connectAs(node.url, person);
        sockets.push(socket);
        writers.push(new Writer(patient(node), person, socket, conversations, randomFrom(SEED + index)));
      }
    }
    let isWriting = true;
    const reading = [...readers.values()].map(async (reader) => {
      while (isWriting) await reader.catchUp();
    });
    await Promise.all(writers.map((writer) => writer.work()));
    for (const link of links) await link.quiet();
    isWriting = false;
    await Promise.all(reading);

    for (const link of links) expect(Math.min(link.held.before, link.held.after)).toBeGreaterThan(10);
    const own = writers.flatMap((writer) => writer.own);
    for (const id of conversations) {
      const written = own.filter(({ message }) => message.conversation_id === id);
      const expected = new Map(written.map(({ message, content }) => [message.seq, content]));
      expect(expected.size).toBe(written.length);
      for (const [person, reader] of readers) {
        await reader.catchUp();
        const history = await historyAs(a, person, id);
        expect(history).toEqual(expected);
        expect(await historyAs(b, person, id)).toEqual(expected);
        expect(reader.replica.messages.get(id)).toEqual(history);
        const positions = await positionsOf(b, person, id);
        expect(reader.replica.readBy.get(id)).toEqual(positions.read);
        expect(reader.replica.deliveredTo.get(id)).toEqual(positions.delivered);
      }
    }
    for (const reader of readers.values()) expect(reader.holes).toEqual([]);
  });
});
