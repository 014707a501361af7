import { getConnectionToken } from '@nestjs/mongoose';
import { randomUUID } from 'node:crypto';
import type { Connection } from 'mongoose';
import { AppConfig } from '../../src/config/app-config';
import type { MessagePayload, SyncResult } from '../../src/contract/payloads';
import type { Conversation } from '../../src/conversations/conversation';
import { ConversationsRepository } from '../../src/conversations/conversations.repository';
import { Locks } from '../../src/database/locks';
import { StoreStatus } from '../../src/database/store-status';
import type { Message, MessageDraft } from '../../src/message-store/message';
import { MessagesRepository } from '../../src/message-store/messages.repository';
import { Retention } from '../../src/message-store/retention';
import { DeliveryService } from '../../src/messages/delivery.service';
import { FairTurns } from '../../src/messages/fair-turns';
import { MessageLog } from '../../src/messages/message-log';
import { NodeBus } from '../../src/node-bus/node-bus';
import { RetentionRunner } from '../../src/retention/retention-runner';
import { aParent, aTeacher, idOf } from '../support/people';
import { School } from '../support/school';
import { startTestApp, type Answer, type TestApp } from '../support/test-app';
import { DAY_MS, MINUTE_MS, TestClock } from '../support/test-clock';
import type { TestPerson } from '../support/tokens';

const RETENTION_DAYS = 10;
const HOUR_MS = 60 * MINUTE_MS;

describe('retention', () => {
  const clock = new TestClock();
  let service: TestApp;
  let school: School;
  let messages: MessagesRepository;
  let conversations: ConversationsRepository;
  let runner: RetentionRunner;
  beforeAll(async () => {
    service = await startTestApp({ MESSAGE_RETENTION_DAYS: String(RETENTION_DAYS) }, clock);
    school = new School(service);
    messages = service.app.get(MessagesRepository, { strict: false });
    conversations = service.app.get(ConversationsRepository, { strict: false });
    runner = service.app.get(RetentionRunner, { strict: false });
    await runner.look(); // the one of the start
  }, 60_000);
  afterAll(() => service.stop());

  const send = async (as: TestPerson, id: string, content: string): Promise<MessagePayload> => {
    const answer = await school.send(as, id, content);
    expect(answer.status).toBe(201);
    return answer.body as unknown as MessagePayload;
  };
  const codeOf = ({ status, body }: Answer): [number, string | undefined] => [status, body.error_code];
  const on = (method: string, path: string, as: TestPerson, body?: unknown): Promise<Answer> =>
    service.call(method, `/api/v1/messages/${path}`, { as, ...(body === undefined ? {} : { body }) });
  const onDisk = (id: string): Promise<number> =>
    service.app
      .get<Connection>(getConnectionToken(), { strict: false })
      .collection('messages')
      .countDocuments({ conversation_id: id });
  const expire = (): void => clock.advance(RETENTION_DAYS * DAY_MS + 1);
  const requireConversation = async (id: string): Promise<Conversation> => {
    const found = await conversations.findById(id);
    if (!found) throw new Error('no conversation');
    return found;
  };
  /** As on a node that has just come up. */
  const aFreshLog = (): MessageLog =>
    new MessageLog(
      messages,
      conversations,
      clock,
      new FairTurns(service.app.get(NodeBus, { strict: false })),
      service.app.get(NodeBus, { strict: false }),
    );
  const aRunner = (store: MessagesRepository): RetentionRunner =>
    new RetentionRunner(
      store,
      conversations,
      service.app.get(Retention, { strict: false }),
      service.app.get(Locks, { strict: false }),
      service.app.get(StoreStatus, { strict: false }),
      clock,
    );
  const withMethods = (methods: Partial<MessagesRepository>): MessagesRepository =>
    Object.assign(Object.create(messages) as MessagesRepository, methods);
  const aDraft = (conversationId: string, sender: TestPerson): MessageDraft => ({
    id: randomUUID(),
    conversationId,
    senderId: idOf(sender),
    senderName: 'x',
    senderRole: 'teacher',
    clientMessageId: null,
    bodyHash: null,
    content: 'bonjour',
    type: 'text',
    replyTo: null,
    metadata: {},
  });
  const aMessage = (conversationId: string, sender: TestPerson, seq: number): Message => {
    const at = new Date(clock.now());
    const state = { mod: null, edits: [], isEdited: false, isDeleted: false };
    return { ...aDraft(conversationId, sender), ...state, seq, createdAt: at, updatedAt: at };
  };
  /** A conversation with so many messages, all of one moment, that the summary does not know of yet. */
  const aLongConversation = async (people: [TestPerson, TestPerson], length: number): Promise<string> => {
    const id = await school.group(people);
    await conversations.markHot([id], new Date(clock.now() + MINUTE_MS));
    const all = Array.from({ length }, (_, i) => aMessage(id, people[0], i + 1));
    await messages.append(all, true);
    return id;
  };

  describe('from the moment a message expires, before anything is removed', () => {
    let teacher: TestPerson;
    let parent: TestPerson;
    let id: string;
    let old: MessagePayload[];
    let young: MessagePayload;
    let cursor: string;
    beforeAll(async () => {
      [teacher, parent] = [aTeacher(), aParent()];
      id = await school.group([teacher, parent]);
      cursor = String((await on('GET', 'sync', parent)).body['cursor']);
      old = [await send(teacher, id, 'ancien un'), await send(teacher, id, 'ancien deux')];
      clock.advance(DAY_MS);
      young = await send(teacher, id, 'nouveau');
      clock.advance(RETENTION_DAYS * DAY_MS - DAY_MS - HOUR_MS);
    });

    it('is served an hour before', async () => {
      expect((await school.history(parent, id)).body).toMatchObject({ total_count: 3, has_more: false });
      expect((await school.get(parent, id)).body.unread_count).toBe(3);
    });

    describe('an hour later', () => {
      beforeAll(() => clock.advance(HOUR_MS + 1));

      it('stands on disk', async () => {
        expect(await onDisk(id)).toBe(3);
      });

      it('is in no history, whichever way it is paged', async () => {
        for (const query of ['', '?page=1', '?after_seq=0', `?before_seq=${young.seq + 1}`, '?limit=1']) {
          const { body } = await school.history(parent, id, query);
          expect(body.messages?.map(({ content }) => content)).toEqual(['nouveau']);
          expect([body.total_count, body.has_more]).toEqual([1, false]);
        }
        const before = `?before_message_id=${old[1]?.message_id}`;
        expect(codeOf(await school.history(parent, id, before))).toEqual([404, 'MESSAGE_NOT_FOUND']);
      });

      it('cannot be read, marked, edited, deleted or replied to', async () => {
        const path = old[1]?.message_id ?? '';
        const body = { conversation_id: id, content: 'oui', reply_to: path };
        const answers = [
          await on('GET', path, parent),
          await on('GET', path, teacher),
          await on('POST', `mark-read/${path}`, parent),
          await on('PATCH', path, teacher, { content: 'autre' }),
          await on('DELETE', path, teacher),
          await on('POST', 'send', parent, body),
        ];
        for (const answer of answers) expect(codeOf(answer)).toEqual([404, 'MESSAGE_NOT_FOUND']);
      });

      it('cannot be reported as delivered', async () => {
        const delivery = service.app.get(DeliveryService, { strict: false });
        const userId = idOf(parent);
        const actor = { userId, username: userId, displayName: userId, role: 'parent' as const, expiresAt: 9e15 };
        const said = [{ message_id: old[1]?.message_id ?? '' }, { conversation_id: id, seq: 2 }];
        for (const dto of said) {
          await expect(delivery.markDelivered(actor, dto)).rejects.toMatchObject({ code: 'MESSAGE_NOT_FOUND' });
        }
      });

      it('counts as unread nowhere, but still as stored', async () => {
        expect((await school.get(parent, id)).body).toMatchObject({ unread_count: 1, total_messages: 3 });
        expect((await school.listed(parent, id))?.unread_count).toBe(1);
      });

      it('is told by no sync', async () => {
        const { events } = (await on('GET', `sync?since=${cursor}`, parent)).body as unknown as SyncResult;
        const told = events.filter(({ type }) => type === 'message_received');
        expect(told).toMatchObject([{ data: { message_id: young.message_id } }]);
      });

      it('is no preview once nothing younger is left', async () => {
        clock.advance(DAY_MS);
        const preview = { last_message_id: null, last_message_content: null, last_message_by: null, unread_count: 0 };
        expect(await school.listed(parent, id)).toMatchObject(preview);
        expect(await school.listed(parent, id, '?unread=true')).toBeUndefined();
        expect((await on('POST', `conversations/${id}/read`, parent)).body).toMatchObject({ unread_count: 0 });
      });
    });
  });

  it('takes what has expired off the disk, and nothing else; the numbers go on', async () => {
    const [teacher, parent] = [aTeacher(), aParent()];
    const id = await school.group([teacher, parent]);
    const first = await send(teacher, id, 'un');
    await on('PATCH', first.message_id, teacher, { content: 'corrigé' });
    await send(teacher, id, 'deux');
    clock.advance(DAY_MS);
    await send(teacher, id, 'trois');
    clock.advance((RETENTION_DAYS - 1) * DAY_MS + 1);
    await runner.look();
    expect(await onDisk(id)).toBe(1);
    expect((await school.history(parent, id)).body).toMatchObject({ messages: [{ seq: 3 }], total_count: 1 });
    expect((await school.get(parent, id)).body).toMatchObject({ unread_count: 1, last_seq: 3, total_messages: 3 });

    clock.advance(2 * DAY_MS);
    await runner.look();
    expect(await onDisk(id)).toBe(0);
    expect((await school.history(parent, id)).body).toMatchObject({ messages: [], total_count: 0 });
    const { message } = await aFreshLog().append(aDraft(id, teacher), () => undefined);
    expect(message.seq).toBe(4);
    await on('PATCH', message.id, teacher, { content: 'quatre' });
    expect((await messages.findById(message.id))?.mod).toBe(2);
    expect((await school.get(parent, id)).body).toMatchObject({ unread_count: 1, total_messages: 4 });
  });

  it('gives no number again where the summary had not heard of the messages', async () => {
    const people: [TestPerson, TestPerson] = [aTeacher(), aParent()];
    const id = await aLongConversation(people, 3);
    expire();
    await runner.look();
    expect(await onDisk(id)).toBe(0);
    const { message } = await aFreshLog().append(aDraft(id, people[0]), () => undefined);
    expect(message.seq).toBe(4);
  });

  it('gives no number again on a node that has not heard of messages of another that came and went', async () => {
    const people: [TestPerson, TestPerson] = [aTeacher(), aParent()];
    const id = await school.group(people);
    const [known, other] = [aFreshLog(), aFreshLog()];
    for (const log of [known, other, other]) await log.append(aDraft(id, people[0]), () => undefined);
    expire();
    await runner.look();
    expect(await onDisk(id)).toBe(0);
    const { message } = await known.append(aDraft(id, people[0]), () => undefined);
    expect(message.seq).toBe(4);
  });

  it('counts right on a node that knows the conversation from before the removal', async () => {
    const [teacher, parent] = [aTeacher(), aParent()];
    const id = await school.group([teacher, parent]);
    for (const content of ['un', 'deux']) await send(teacher, id, content);
    await school.get(parent, id); // settles the summary
    const before = await requireConversation(id);
    expire();
    await send(teacher, id, 'trois');
    await runner.look();
    const retention = (): Retention => new Retention(messages, service.app.get(AppConfig, { strict: false }), clock);
    expect(await retention().floorOf(before)).toBe(2);
    expire();
    await runner.look();
    expect(await retention().floorOf({ ...before, summary: { seq: 3 } })).toBe(3);
  });

  it('works in batches; what a crash leaves between floor and removal is served to nobody and goes next time', async () => {
    const [teacher, parent] = [aTeacher(), aParent()];
    const id = await aLongConversation([teacher, parent], 2_100);
    expire();
    const young = await send(teacher, id, 'nouveau');
    let batches = 0;
    const dying = withMethods({
      remove: (ids) => {
        batches += 1;
        return batches === 2 ? Promise.reject(new Error('killed')) : messages.remove(ids);
      },
    });
    await aRunner(dying).look();
    expect(await onDisk(id)).toBe(1_101);
    expect((await requireConversation(id)).floorSeq).toBeGreaterThan(1_000);
    expect((await school.history(parent, id)).body).toMatchObject({ messages: [{ seq: young.seq }], total_count: 1 });
    expect((await school.get(parent, id)).body.unread_count).toBe(1);

    await runner.look();
    expect(await onDisk(id)).toBe(1);
    expect(await requireConversation(id)).toMatchObject({ floorSeq: 2_100, summary: { seq: 2_101 } });
    expect((await school.history(parent, id)).body).toMatchObject({ messages: [{ seq: young.seq }], total_count: 1 });
  }, 60_000);

  it('removes nothing while the clock of the node and that of the store are far apart', async () => {
    const [teacher, parent] = [aTeacher(), aParent()];
    const id = await school.group([teacher, parent]);
    await send(teacher, id, 'ancien');
    expire();
    const store = service.app.get(StoreStatus, { strict: false });
    const apart = jest.spyOn(store, 'time').mockResolvedValue(clock.now() - 11 * MINUTE_MS);
    await aRunner(messages).look();
    expect(await onDisk(id)).toBe(1);
    apart.mockResolvedValue(clock.now() - 9 * MINUTE_MS);
    await aRunner(messages).look();
    expect(await onDisk(id)).toBe(0);
    apart.mockImplementation(() => Promise.resolve(clock.now()));
  });

  describe('among several nodes', () => {
    /** A node that falls silent between reading its first batch and removing it, until it is let go on. */
    const aSlowNode = (): {
      node: RetentionRunner;
      reached: Promise<void>;
      goOn: () => void;
      batches: () => number;
    } => {
      let batches = 0;
      let goOn = (): void => undefined;
      const held = new Promise<void>((resolve) => (goOn = resolve));
      let reach = (): void => undefined;
      const reached = new Promise<void>((resolve) => (reach = resolve));
      const node = aRunner(
        withMethods({
          createdBefore: async (at, limit) => {
            batches += 1;
            const found = await messages.createdBefore(at, limit);
            reach();
            await held;
            return found;
          },
        }),
      );
      return { node, reached, goOn, batches: () => batches };
    };
    const aCountingNode = (): { node: RetentionRunner; batches: () => number } => {
      let batches = 0;
      const createdBefore: MessagesRepository['createdBefore'] = (at, limit) => {
        batches += 1;
        return messages.createdBefore(at, limit);
      };
      return { node: aRunner(withMethods({ createdBefore })), batches: () => batches };
    };

    it('is the work of one at a time, once an hour', async () => {
      expire();
      const slow = aSlowNode();
      const other = aCountingNode();
      const working = slow.node.look();
      await slow.reached;
      await other.node.look();
      expect(other.batches()).toBe(0);
      slow.goOn();
      await working;
      clock.advance(HOUR_MS - MINUTE_MS);
      await other.node.look();
      expect(other.batches()).toBe(0);
      clock.advance(MINUTE_MS);
      await other.node.look();
      expect(other.batches()).toBe(1);
    });

    it('passes to another when a node falls silent, which stops when it comes back', async () => {
      const id = await aLongConversation([aTeacher(), aParent()], 2_100);
      expire();
      const slow = aSlowNode();
      const working = slow.node.look();
      await slow.reached;
      clock.advance(MINUTE_MS + 1);
      const other = aCountingNode();
      await other.node.look();
      expect(other.batches()).toBe(3);
      expect(await onDisk(id)).toBe(0);
      slow.goOn();
      await working;
      expect(slow.batches()).toBe(1);
    }, 60_000);
  });
});
