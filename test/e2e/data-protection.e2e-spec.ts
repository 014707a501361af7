import { getConnectionToken } from '@nestjs/mongoose';
import { Test, type TestingModule } from '@nestjs/testing';
import type { Connection } from 'mongoose';
import { AppConfig } from '../../src/config/app-config';
import { DataProtectionModule } from '../../src/data-protection/data-protection.module';
import { ERASED_NAME, Erasure } from '../../src/data-protection/erasure';
import { PersonExport } from '../../src/data-protection/person-export';
import { MessagesRepository } from '../../src/message-store/messages.repository';
import { eventually } from '../support/eventually';
import { aParent, aTeacher, anAdmin, idOf } from '../support/people';
import { Replica } from '../support/replica';
import { School } from '../support/school';
import { startTestApp, type Answer, type TestApp } from '../support/test-app';
import type { SyncResult } from '../../src/contract/payloads';
import type { TestPerson } from '../support/tokens';

const SECRET = 'le mot de passe est tournesol';

/** The commands work on the store beside the running service, as they do for an operator. */
describe('data protection', () => {
  let service: TestApp;
  let school: School;
  let context: TestingModule;
  let store: Connection;
  let people = 0;

  beforeAll(async () => {
    service = await startTestApp();
    school = new School(service);
    context = await Test.createTestingModule({ imports: [DataProtectionModule] })
      .overrideProvider(AppConfig)
      .useValue(service.app.get(AppConfig, { strict: false }))
      .compile();
    await context.init();
    store = context.get<Connection>(getConnectionToken(), { strict: false });
  }, 60_000);
  afterAll(async () => {
    await context.close();
    await service.stop();
  });
  afterEach(() => jest.restoreAllMocks());

  const erase = (person: TestPerson): Promise<number> => context.get(Erasure).erase(idOf(person), 'operator');
  const exported = async (person: TestPerson): Promise<Record<string, unknown>> => {
    let text = '';
    for await (const piece of context.get(PersonExport).pieces(idOf(person), 'operator')) text += piece;
    return JSON.parse(text) as Record<string, unknown>;
  };
  /** Every document of every collection, as text. */
  const everything = async (): Promise<string> => {
    const collections = (await store.db?.listCollections().toArray()) ?? [];
    const all = await Promise.all(collections.map(({ name }) => store.collection(name).find().toArray()));
    return JSON.stringify(all);
  };
  const documentsOf = (person: TestPerson) =>
    store
      .collection('messages')
      .find({ sender_id: idOf(person) })
      .sort({ conversation_id: 1, seq: 1 })
      .toArray();
  const auditOf = (person: TestPerson) =>
    store
      .collection('audit')
      .find({ subject_id: idOf(person) })
      .toArray();
  const send = (as: TestPerson, body: Record<string, unknown>): Promise<Answer> =>
    service.call('POST', '/api/v1/messages/send', { as, body });
  const request = (method: string, as: TestPerson, id: string, body?: unknown): Promise<Answer> =>
    service.call(method, `/api/v1/messages/${id}`, { as, ...(body === undefined ? {} : { body }) });

  const aNamedParent = (): TestPerson => {
    people += 1;
    return { ...aParent(), name: `Zoé Quillet${people}x`, sub: `zoe.quillet${people}x` };
  };

  interface Story {
    readonly zoe: TestPerson;
    readonly name: string;
    readonly teacher: TestPerson;
    readonly group: string;
    readonly direct: string;
  }

  /** In a group: 1 Zoé (edited), 2 the teacher, 3 Zoé (with metadata), 4 Zoé (deleted). Directly: 1 and 2 of Zoé. */
  const aStory = async (): Promise<Story> => {
    const [zoe, teacher] = [aNamedParent(), aTeacher()];
    const group = await school.group([teacher, zoe, aParent()]);
    const first = await send(zoe, { conversation_id: group, content: `${SECRET} 1`, client_message_id: 'k1' });
    await request('PATCH', zoe, String(first.body.message_id), { content: `${SECRET} 1, corrigé` });
    await school.send(teacher, group, 'merci');
    await send(zoe, { conversation_id: group, content: `${SECRET} 3`, metadata: { note: SECRET } });
    const last = await send(zoe, { conversation_id: group, content: `${SECRET} 4` });
    await request('DELETE', zoe, String(last.body.message_id));
    const direct = await send(zoe, { recipient_id: idOf(teacher), content: `${SECRET} 5` });
    await send(zoe, { recipient_id: idOf(teacher), content: `${SECRET} 6` });
    return { zoe, name: String(zoe.name), teacher, group, direct: String(direct.body.conversation_id) };
  };

  describe('erasing a person', () => {
    it('leaves neither a text, an earlier text nor the name anywhere in the store', async () => {
      const { zoe, name } = await aStory();
      const before = await everything();
      for (const trace of [SECRET, name, String(zoe.sub)]) expect(before).toContain(trace);
      expect(await erase(zoe)).toBe(5);
      const after = await everything();
      for (const trace of [SECRET, name, name.toLowerCase(), String(zoe.sub)]) expect(after).not.toContain(trace);
    });

    it('shows the others a deleted user: in the history, in the list and among the participants', async () => {
      const { zoe, teacher, group, direct } = await aStory();
      await erase(zoe);
      const shownName = async (): Promise<unknown> =>
        (await school.get(teacher, group)).body.participant_details?.find(({ user_id }) => user_id === idOf(zoe))
          ?.display_name;
      // Nodes learn what happened beside them within a few seconds.
      await eventually('the name is gone', async () => (await shownName()) === ERASED_NAME);
      const { messages = [] } = (await school.history(teacher, group)).body;
      expect(messages.map(({ seq, content, sender_name }) => [seq, content, sender_name])).toEqual([
        [1, '', ERASED_NAME],
        [2, 'merci', teacher.name],
        [3, '', ERASED_NAME],
        [4, '', ERASED_NAME],
      ]);
      expect(messages[2]).toMatchObject({ is_deleted: true, metadata: {}, attachments: [] });
      const listed = await school.listed(teacher, direct);
      expect(listed).toMatchObject({ last_message_content: '', last_seq: 2 });
      expect(JSON.stringify(listed)).not.toContain(String(zoe.name));
    }, 30_000);

    it('keeps places and counters right, and tells clients by sync', async () => {
      const { zoe, teacher, group, direct } = await aStory();
      const replica = new Replica();
      const ask = async (since: string): Promise<SyncResult> => {
        const query = since === '' ? '' : `?since=${encodeURIComponent(since)}`;
        return (await service.call('GET', `/api/v1/messages/sync${query}`, { as: teacher }))
          .body as unknown as SyncResult;
      };
      await replica.catchUp(ask);
      expect((await school.listed(teacher, direct))?.unread_count).toBe(2);
      expect((await school.listed(teacher, group))?.unread_count).toBe(1);
      await erase(zoe);
      expect((await school.listed(teacher, direct))?.unread_count).toBe(0);
      expect(await school.listed(teacher, group)).toMatchObject({ unread_count: 0, last_seq: 4, total_messages: 4 });
      await replica.catchUp(ask);
      expect([...(replica.messages.get(group) ?? [])].sort()).toEqual([
        [1, null],
        [3, null],
        [4, null],
      ]);
      expect((await school.send(teacher, group)).body.seq).toBe(5);
    });

    it('changes nothing when it is run again', async () => {
      const { zoe } = await aStory();
      await erase(zoe);
      const [messages, person] = [await documentsOf(zoe), await personIn(zoe)];
      expect(await erase(zoe)).toBe(0);
      expect(await documentsOf(zoe)).toEqual(messages);
      expect(await personIn(zoe)).toEqual({ ...person, updated_at: expect.any(Date) as Date });
    });

    it('stopped in the middle, is completed by running it again', async () => {
      const { zoe } = await aStory();
      const repository = context.get(MessagesRepository, { strict: false });
      const change = repository.change.bind(repository);
      let left = 2;
      jest.spyOn(repository, 'change').mockImplementation((...of) => {
        left -= 1;
        return left < 0 ? Promise.reject(new Error('stopped')) : change(...of);
      });
      await expect(erase(zoe)).rejects.toThrow('stopped');
      expect(await everything()).toContain(SECRET);
      // The name went first: nothing is written any more that would have to be erased as well.
      expect(await personIn(zoe)).toMatchObject({ display_name: ERASED_NAME, is_active: false });
      jest.restoreAllMocks();
      expect(await erase(zoe)).toBe(5 - 2);
      expect(await everything()).not.toContain(SECRET);
      const mods = (await documentsOf(zoe)).map(({ conversation_id, mod }) => `${conversation_id} ${mod}`);
      expect(new Set(mods).size).toBe(5);
    });

    it('takes more messages than one batch', async () => {
      const { zoe, group } = await aStory();
      const sends = Array.from({ length: 205 }, (_, i) => send(zoe, { conversation_id: group, content: `n° ${i}` }));
      await Promise.all(sends);
      expect(await erase(zoe)).toBe(210);
      expect((await documentsOf(zoe)).every(({ is_deleted, content }) => is_deleted === true && content === '')).toBe(
        true,
      );
    }, 60_000);

    it('is not undone by what the directory or a token says afterwards', async () => {
      const { zoe, name } = await aStory();
      await erase(zoe);
      const erased = await personIn(zoe);
      expect(erased).toMatchObject({ display_name: ERASED_NAME, username: idOf(zoe), is_active: false });
      await school.sync(zoe, { is_active: true });
      // Once no cache knows the person as they were.
      await eventually('their token is refused', async () => (await school.list(zoe)).status === 401);
      await school.sync(zoe, { is_active: true });
      expect((await school.list(zoe)).status).toBe(401);
      expect(await personIn(zoe)).toEqual(erased);
      expect(await everything()).not.toContain(name);
      // A role that nobody has changes nothing, so that there is nothing to be told of in the audit.
      await school.sync(zoe, { role: 'teacher' });
      expect(await auditOf(zoe)).toMatchObject([{ action: 'user.erased' }]);
    }, 30_000);

    it('is in the audit log, and so is nothing about a person whom nobody knows', async () => {
      const { zoe } = await aStory();
      await erase(zoe);
      expect(await auditOf(zoe)).toMatchObject([{ action: 'user.erased', actor_id: 'operator' }]);
      const nobody = aParent();
      await expect(erase(nobody)).rejects.toMatchObject({ code: 'RECIPIENT_NOT_FOUND' });
      expect(await store.collection('audit').countDocuments({ subject_id: idOf(nobody) })).toBe(0);
    });
  });

  describe('exporting a person', () => {
    it('gives their own messages with earlier texts, memberships and receipts, and nothing that others wrote', async () => {
      const { zoe, name, teacher, group, direct } = await aStory();
      await service.call('POST', `/api/v1/messages/conversations/${group}/read`, { as: zoe });
      const all = await exported(zoe);
      expect(all['user']).toMatchObject({ user_id: idOf(zoe), display_name: name, role: 'parent' });
      const messages = all['messages'] as Record<string, unknown>[];
      expect(messages.filter((m) => m['conversation_id'] === group)).toMatchObject([
        { seq: 1, content: `${SECRET} 1, corrigé`, edits: [{ content: `${SECRET} 1` }], client_message_id: 'k1' },
        { seq: 3, content: `${SECRET} 3`, metadata: { note: SECRET } },
        { seq: 4, content: '', is_deleted: true },
      ]);
      expect(messages.filter((m) => m['conversation_id'] === direct)).toMatchObject([{ seq: 1 }, { seq: 2 }]);
      expect(all['memberships']).toContainEqual(
        expect.objectContaining({ conversation_id: group, title: 'Classe', is_participant: true }),
      );
      expect(all['receipts']).toContainEqual(
        expect.objectContaining({ conversation_id: group, read_seq: 4, read_at: expect.any(String) as string }),
      );
      expect(JSON.stringify(all)).not.toContain('merci');
      expect(JSON.stringify(all)).not.toContain(teacher.name);
      expect(await auditOf(zoe)).toMatchObject([{ action: 'user.exported', actor_id: 'operator' }]);
    });

    it('names the key of a notice for what it was given as', async () => {
      const [admin, parent] = [anAdmin(), aParent()];
      await school.meet(admin, parent);
      const notice = { recipient_ids: [idOf(parent)], content: 'Conseil de classe', dedupe_key: 'conseil-17' };
      await service.call('POST', '/api/v1/system-messages', { as: admin, body: notice });
      expect((await exported(admin))['messages']).toMatchObject([
        { message_type: 'system', client_message_id: null, dedupe_key: 'conseil-17' },
      ]);
    });

    it('keeps a conversation that they left to its participants: own messages only', async () => {
      const { zoe, group } = await aStory();
      await school.remove(zoe, group, zoe);
      const all = await exported(zoe);
      expect(all['memberships']).toContainEqual(
        expect.objectContaining({ conversation_id: group, title: null, is_participant: false }),
      );
      expect((all['messages'] as unknown[]).length).toBe(5);
    });

    it('holds every message once, in order, when there are more than one batch', async () => {
      const { zoe, group } = await aStory();
      const sends = Array.from({ length: 205 }, (_, i) => send(zoe, { conversation_id: group, content: `n° ${i}` }));
      await Promise.all(sends);
      const messages = (await exported(zoe))['messages'] as { conversation_id: string; seq: number }[];
      const seqs = messages.filter(({ conversation_id }) => conversation_id === group).map(({ seq }) => seq);
      expect(seqs).toEqual([1, 3, 4, ...Array.from({ length: 205 }, (_, i) => 5 + i)]);
    }, 60_000);
  });

  const personIn = (person: TestPerson) => store.collection('user_status').findOne({ _id: idOf(person) as never });
});
