import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection, type Connection } from 'mongoose';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ERASED_NAME } from '../../src/data-protection/erasure';
import { type Ended, runCommand, startCommand } from '../support/command';
import { eventually } from '../support/eventually';
import { Cluster, type ServiceNode } from '../support/nodes';
import { aParent, aTeacher, idOf } from '../support/people';
import { freePort } from '../support/redis-server';
import { School } from '../support/school';
import { connectAs } from '../support/socket-client';
import { TEST_SECRET, type TestPerson } from '../support/tokens';

jest.setTimeout(120_000);

const MESSAGES = 300;

describe('commands of an operator, beside nodes that run', () => {
  let cluster: Cluster;
  let a: ServiceNode;
  let b: ServiceNode;
  let onB: School;
  let store: Connection;
  let dir: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    cluster = await Cluster.start(2);
    [a, b] = cluster.nodes as [ServiceNode, ServiceNode];
    onB = new School(b);
    dir = await mkdtemp(join(tmpdir(), 'messaging-commands-'));
    store = await createConnection(cluster.store.url, { dbName: cluster.store.database }).asPromise();
    env = {
      NODE_ENV: 'test',
      SECRET_KEY: TEST_SECRET,
      MONGODB_URL: cluster.store.url,
      MONGODB_DATABASE: cluster.store.database,
      REDIS_URL: cluster.redis.url,
      SERVICE_PORT: new URL(a.url).port,
      DATA_DIR: dir,
    };
  });
  afterAll(async () => {
    await store.close();
    await cluster.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const messagesOf = (person: TestPerson) => store.collection('messages').find({ sender_id: idOf(person) });
  /** Many messages of a parent to a teacher. @returns the conversation */
  const aLongStory = async (parent: TestPerson, teacher: TestPerson): Promise<string> => {
    await onB.meet(teacher);
    const send = (i: number) =>
      b.call('POST', '/api/v1/messages/send', {
        as: parent,
        body: { recipient_id: idOf(teacher), content: `n° ${i}` },
      });
    const first = await send(0);
    await Promise.all(Array.from({ length: MESSAGES - 1 }, (_, i) => send(i + 1)));
    return String(first.body.conversation_id);
  };

  describe('directory:import', () => {
    const importing = async (rows: string, more: Record<string, string> = {}): Promise<Ended> => {
      const file = join(dir, `${randomUUID()}.csv`);
      await writeFile(file, `user_id;username;display_name;role\n${rows}`);
      return runCommand('directory-import', [file], { ...env, ...more });
    };
    const writes = async (as: TestPerson, recipientId: string): Promise<number> => {
      const body = { recipient_id: recipientId, content: 'bonjour' };
      return (await b.call('POST', '/api/v1/messages/send', { as, body })).status;
    };

    it('goes through the service that runs here, and straight into the store where none does', async () => {
      const [teacher, known, other] = [aTeacher(), randomUUID(), randomUUID()];
      expect(await writes(teacher, known)).toBe(404);
      const through = await importing(`${known};zoe;Zoé;student\n`);
      expect(through).toEqual({ code: 0, output: '1 people imported through the running service\n' });
      expect(await writes(teacher, known)).toBe(201);
      const straight = await importing(`${other};leo;Léo;student\n`, { SERVICE_PORT: String(await freePort()) });
      expect(straight).toEqual({ code: 0, output: '1 people imported\n' });
      expect(await writes(teacher, other)).toBe(201);
    });

    it('imports nothing of a file with a wrong row', async () => {
      const [teacher, good] = [aTeacher(), randomUUID()];
      const { code, output } = await importing(`${good};zoe;Zoé;student\n${randomUUID()};leo;Léo;principal\n`);
      expect(code).toBe(1);
      expect(output).toMatch(/person 2: role/);
      expect(await writes(teacher, good)).toBe(404);
    });
  });

  describe('user:export', () => {
    it('writes one file for its owner only, and never over another', async () => {
      const [parent, teacher] = [aParent(), aTeacher()];
      await aLongStory(parent, teacher);
      const file = join(dir, 'marie.json');
      expect(await runCommand('user-export', [idOf(parent), '--to', file], env)).toEqual({
        code: 0,
        output: 'exported\n',
      });
      const { messages } = JSON.parse(await readFile(file, 'utf8')) as { messages: { content: string }[] };
      expect(new Set(messages.map(({ content }) => content)).size).toBe(MESSAGES);
      const again = await runCommand('user-export', [idOf(parent), '--to', file], env);
      expect([again.code, again.output]).toEqual([1, 'The export failed: the file exists already\n']);
    });

    it('says so when nobody has the id', async () => {
      expect(await runCommand('user-export', ['nobody-knows'], env)).toEqual({
        code: 1,
        output: 'The export failed: nobody has this id\n',
      });
    });
  });

  describe('user:erase', () => {
    it('killed in the middle, is completed by running it again, and every node shows it', async () => {
      const [parent, teacher] = [aParent(), aTeacher()];
      const conversation = await aLongStory(parent, teacher);
      const socket = await connectAs(b.url, parent);

      const first = startCommand('user-erase', [idOf(parent)], env);
      const erased = () => store.collection('messages').countDocuments({ sender_id: idOf(parent), is_deleted: true });
      await eventually('it has begun', async () => (await erased()) > 20);
      first.kill();
      expect((await first.ended).code).toBeNull();
      expect(await erased()).toBeLessThan(MESSAGES);

      const second = startCommand('user-erase', [idOf(parent)], env);
      await eventually('all are erased', async () => (await erased()) === MESSAGES);
      // What a node had under way when the directory changed stands in the store only now.
      const late = await messagesOf(parent).next();
      const open = { _id: randomUUID() as never, seq: MESSAGES + 1, content: 'tard', sender_name: 'Marie' };
      const nothing = { mod: undefined, mods: undefined, is_deleted: undefined, client_message_id: undefined };
      await store.collection('messages').insertOne({ ...late, ...open, ...nothing }, { ignoreUndefined: true });
      const { code, output } = await second.ended;
      expect([code, output]).toEqual([0, expect.stringMatching(/^erased, \d+ messages/)]);

      await eventually('their sockets are closed', () => !socket.connected);
      expect((await onB.list(parent)).status).toBe(401);
      const { messages = [], total_count } = (await onB.history(teacher, conversation, '?limit=100')).body;
      expect(total_count).toBe(MESSAGES + 1);
      expect(new Set(messages.map((one) => `${one.content}|${one.sender_name}|${one.is_deleted}`))).toEqual(
        new Set([`|${ERASED_NAME}|true`]),
      );
      expect((await onB.get(teacher, conversation)).body).toMatchObject({ unread_count: 0, last_message_content: '' });
      const contents = (await messagesOf(parent).toArray()).map(({ content }) => content as string);
      expect(contents).toEqual(Array.from({ length: MESSAGES + 1 }, () => ''));
      const audit = await store.collection('audit').countDocuments({ action: 'user.erased', subject_id: idOf(parent) });
      expect(audit).toBe(2);
    });
  });
});
