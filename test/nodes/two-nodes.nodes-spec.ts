import type { Socket } from 'socket.io-client';
import type { ConversationPayload, MessagePayload } from '../../src/contract/payloads';
import { eventually } from '../support/eventually';
import { Cluster, type ServiceNode } from '../support/nodes';
import { aParent, aStudent, aTeacher, anAdmin, idOf } from '../support/people';
import { PlainClient, type TestFrame } from '../support/plain-client';
import { School } from '../support/school';
import { ask, connectAs, type TestSocket } from '../support/socket-client';
import type { TestPerson } from '../support/tokens';

/** Somebody with a socket: every event that came, by whichever door. */
interface Ear {
  readonly heard: { readonly event: string; readonly data: Record<string, unknown> }[];
  close(): void;
}

const of = (ear: Ear, event: string): Record<string, unknown>[] =>
  ear.heard.filter((one) => one.event === event).map(({ data }) => data);

const ROUNDS = 20;

describe('two nodes', () => {
  let cluster: Cluster;
  let a: ServiceNode;
  let b: ServiceNode;
  let onA: School;
  let onB: School;
  const ears: Ear[] = [];
  const sockets: TestSocket[] = [];

  beforeAll(async () => {
    cluster = await Cluster.start(2, { MAX_CONNECTIONS_PER_USER: '20' });
    [a, b] = cluster.nodes as [ServiceNode, ServiceNode];
    [onA, onB] = [new School(a), new School(b)];
    // Nodes that have just begun call everybody to sync once.
    const probe = await plainOn(b, aTeacher());
    await eventually('the nodes hear each other', async () => (await a.health()) === 'healthy');
    probe.close();
  });
  afterAll(async () => {
    await cluster.stop();
  });
  afterEach(() => {
    for (const ear of ears.splice(0)) ear.close();
    for (const socket of sockets.splice(0)) socket.disconnect();
  });

  async function socketOn(node: ServiceNode, person: TestPerson): Promise<Ear & { socket: TestSocket }> {
    const socket = await connectAs(node.url, person);
    const ear = { heard: [] as Ear['heard'], socket, close: () => void socket.disconnect() };
    (socket as unknown as Socket).onAny((event: string, data: Record<string, unknown>) =>
      ear.heard.push({ event, data }),
    );
    ears.push(ear);
    return ear;
  }
  async function plainOn(node: ServiceNode, person: TestPerson, path?: string): Promise<Ear & { client: PlainClient }> {
    const client = await PlainClient.as(node.url, person, path);
    const ear = {
      get heard() {
        return client.frames.map((frame: TestFrame) => ({ event: frame.type, data: frame }));
      },
      client,
      close: () => client.close(),
    };
    ears.push(ear);
    return ear;
  }
  const hears = async (
    ear: Ear,
    event: string,
    fits: Record<string, unknown> = {},
  ): Promise<Record<string, unknown>> => {
    let found: Record<string, unknown> | undefined;
    await eventually(`${event} ${JSON.stringify(fits)}`, () => {
      found = of(ear, event).find((data) => Object.entries(fits).every(([key, value]) => data[key] === value));
      return found !== undefined;
    });
    return found ?? {};
  };
  const seqsOf = (ear: Ear, conversationId: string): unknown[] =>
    of(ear, 'message_received')
      .filter((data) => data['conversation_id'] === conversationId)
      .map(({ seq }) => seq);
  const sent = async (school: School, as: TestPerson, id: string, content?: string): Promise<MessagePayload> => {
    const { status, body, text } = await school.send(as, id, content);
    if (status !== 201) throw new Error(text);
    return body as unknown as MessagePayload;
  };
  const group = (...people: TestPerson[]): Promise<string> => onA.group(people);

  describe('tell each other', () => {
    it('messages, with what was written, at both doors of the other node', async () => {
      const [teacher, parent, student] = [aTeacher(), aParent(), aStudent()];
      const id = await group(teacher, parent, student);
      const [one, two] = [await socketOn(b, parent), await plainOn(b, student)];
      const mine = await socketOn(a, teacher);
      const reply = await ask(mine.socket, 'message', { conversation_id: id, content: 'Réunion à 18 h' });
      const { message_id } = (reply as unknown as { data: MessagePayload }).data;
      for (const ear of [one, two]) {
        const data = await hears(ear, 'message_received', { message_id });
        expect(data).toMatchObject({ content: 'Réunion à 18 h', seq: 1, status: 'sent', sender_id: idOf(teacher) });
      }
      expect(of(mine, 'message_received')).toEqual([]);
    });

    it('messages of both nodes in one order at every socket, once, and not to the sending socket', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await group(teacher, parent);
      const [teacherA, parentB] = [await socketOn(a, teacher), await socketOn(b, parent)];
      const [quietA, quietB] = [await plainOn(a, parent), await plainOn(b, teacher)];
      const MESSAGES = 60;
      const send = async (ear: { socket: TestSocket }): Promise<void> => {
        const replies = Array.from({ length: MESSAGES }, (_, n) =>
          ask(ear.socket, 'message', { conversation_id: id, content: `${n}` }),
        );
        for (const reply of await Promise.all(replies)) expect(reply.ok).toBe(true);
      };
      await Promise.all([send(teacherA), send(parentB)]);
      const all = Array.from({ length: 2 * MESSAGES }, (_, n) => n + 1);
      for (const ear of [quietA, quietB]) {
        await eventually('everything came', () => seqsOf(ear, id).length >= all.length);
        expect(seqsOf(ear, id)).toEqual(all);
      }
      for (const ear of [teacherA, parentB]) {
        await eventually('the messages of the other came', () => seqsOf(ear, id).length >= MESSAGES);
        const seqs = seqsOf(ear, id);
        expect(seqs).toEqual([...new Set(seqs)].sort((x, y) => Number(x) - Number(y)));
        expect(seqs).toHaveLength(MESSAGES);
      }
    });

    it('edits and deletions', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await group(teacher, parent);
      const ear = await plainOn(b, parent);
      const { message_id } = await sent(onA, teacher, id, 'avant');
      await hears(ear, 'message_received', { message_id });
      const path = `/api/v1/messages/${message_id}`;
      await a.call('PATCH', path, { as: teacher, body: { content: 'après' } });
      expect(await hears(ear, 'message_updated', { message_id })).toMatchObject({ content: 'après', is_edited: true });
      await a.call('DELETE', path, { as: teacher });
      expect(await hears(ear, 'message_deleted', { message_id })).toMatchObject({ conversation_id: id, seq: 1 });
    });

    it('delivered and read positions', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await group(teacher, parent);
      const [ear, reader] = [await plainOn(a, teacher), await socketOn(b, parent)];
      const { message_id } = await sent(onA, teacher, id);
      await hears(reader, 'message_received', { message_id });
      await ask(reader.socket, 'message_delivered', { message_id });
      await hears(ear, 'message_delivered', { message_id, delivered_to: idOf(parent) });
      await ask(reader.socket, 'message_read', { message_id });
      await hears(ear, 'message_read', { message_id, read_by: idOf(parent) });
    });

    it('that sending reads, also when somebody wrote on the other node in between', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await group(teacher, parent);
      const ear = await plainOn(b, parent);
      await sent(onA, teacher, id);
      await sent(onB, parent, id);
      const { message_id } = await sent(onA, teacher, id);
      await hears(ear, 'message_read', { message_id, seq: 3, read_by: idOf(teacher) });
    });

    it('typing, and that it ended', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await group(teacher, parent);
      const [ear, typist] = [await plainOn(a, teacher), await socketOn(b, parent)];
      await ask(typist.socket, 'message_typing', { conversation_id: id });
      await hears(ear, 'message_typing', { conversation_id: id, user_id: idOf(parent) });
      await ask(typist.socket, 'message_stop_typing', { conversation_id: id });
      await hears(ear, 'message_stop_typing', { conversation_id: id, user_id: idOf(parent) });
    });

    it('new conversations, changes of them, and who comes and goes, to each as that one sees it', async () => {
      const [teacher, parent, student] = [aTeacher(), aParent(), aStudent()];
      const [ear, newcomer] = [await plainOn(b, parent), await plainOn(b, student)];
      await onA.meet(teacher, parent, student);
      const id = await group(teacher, parent);
      await hears(ear, 'conversation_created', { conversation_id: id });
      await onA.patch(teacher, id, { title: 'Classe de neige' });
      await hears(ear, 'conversation_updated', { conversation_id: id, title: 'Classe de neige' });
      await onA.put(parent, id, 'mute', { muted: true });
      await hears(ear, 'conversation_updated', { conversation_id: id, is_muted: true });
      await onA.add(teacher, id, student);
      await hears(newcomer, 'conversation_created', { conversation_id: id, is_muted: false });
      await hears(ear, 'conversation_joined', { conversation_id: id, user_id: idOf(student) });
      await onA.remove(teacher, id, student);
      await hears(ear, 'conversation_left', { conversation_id: id, user_id: idOf(student) });
      await hears(newcomer, 'conversation_left', { conversation_id: id, user_id: idOf(student) });
      expect(of(newcomer, 'conversation_updated')).toEqual([]);
    });

    it('a person’s own view with the messages that came since the conversation itself last changed', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await group(teacher, parent);
      const ears = [await plainOn(a, parent), await plainOn(b, parent)];
      await onA.put(parent, id, 'archive', { archived: true });
      for (const ear of ears) await hears(ear, 'conversation_updated', { is_archived: true, last_seq: 0 });
      for (const school of [onA, onB, onA]) await sent(school, teacher, id, 'Bonjour');
      await onB.put(parent, id, 'mute', { muted: true });
      const { last_seq, unread_count, last_message_content } = (await onA.get(parent, id)).body;
      expect([last_seq, unread_count, last_message_content]).toEqual([3, 3, 'Bonjour']);
      for (const ear of ears) {
        const told = await hears(ear, 'conversation_updated', { conversation_id: id, is_muted: true });
        expect(told).toMatchObject({ is_archived: false, last_seq, unread_count, last_message_content });
      }
    });

    it('a changed role and a deactivation, which act on open sockets', async () => {
      const [teacher, opener] = [aTeacher(), aParent()];
      const admin = anAdmin();
      await onB.meet(teacher, opener, admin);
      const [adminB, teacherB] = [await socketOn(b, admin), await plainOn(b, teacher)];
      const id = await onA.support(opener);
      await hears(adminB, 'conversation_created', { conversation_id: id });
      await onA.sync(admin, { role: 'teacher' });
      await eventually('the role is another one on the other node', async () => {
        const reply = await ask(adminB.socket, 'conversation_join', { conversation_id: id });
        return !reply.ok;
      });
      const { message_id } = await sent(onA, opener, id);
      const witness = await plainOn(b, opener);
      await sent(onA, opener, id);
      await hears(witness, 'message_received', { seq: 2 });
      expect(of(adminB, 'message_received').map((data) => data['message_id'])).not.toContain(message_id);
      await onA.sync(teacher, { is_active: false });
      expect(await teacherB.client.closed).toBe(4401);
      expect(of(teacherB, 'unauthorized')).toMatchObject([{ reason: 'user_inactive' }]);
    });
  });

  describe('end access everywhere at once', () => {
    it('a person taken out on one node hears on the other of nothing that is newer, and can send nothing', async () => {
      const [teacher, parent, pupil] = [aTeacher(), aParent(), aStudent()];
      const id = await group(teacher, parent, pupil);
      const [spy, witness] = [await plainOn(b, pupil), await plainOn(b, parent)];
      const speaker = await socketOn(b, teacher);
      for (let round = 1; round <= ROUNDS; round += 1) {
        await sent(onA, teacher, id, `before ${round}`);
        await hears(spy, 'message_received', { content: `before ${round}` });
        const removal = await onA.remove(teacher, id, pupil);
        expect(removal.status).toBeLessThan(300);
        // The other node has had no time to hear of it.
        const here = ask(speaker.socket, 'message', { conversation_id: id, content: `secret B${round}` });
        await Promise.all([here, sent(onA, teacher, id, `secret A${round}`)]);
        const refused = await spy.client.ask({ type: 'message', conversation_id: id, content: 'still here?' });
        expect(refused).toMatchObject({ type: 'error', error_code: 'CONVERSATION_NOT_FOUND' });
        await hears(witness, 'message_received', { content: `secret A${round}` });
        await hears(witness, 'message_received', { content: `secret B${round}` });
        await onA.add(teacher, id, pupil);
      }
      const contents = of(spy, 'message_received').map(({ content }) => String(content));
      expect(contents.filter((content) => content.startsWith('secret'))).toEqual([]);
      expect(of(spy, 'conversation_left')).toHaveLength(ROUNDS);
    });

    it('a newcomer hears of what is newer, and where history is hidden of nothing that is older', async () => {
      const [teacher, parent, pupil] = [aTeacher(), aParent(), aStudent()];
      await onB.meet(pupil);
      const id = await onA.group([teacher, parent], { history: 'joined' });
      const ear = await plainOn(b, pupil);
      const early = Array.from({ length: 20 }, () => sent(onB, parent, id, 'early'));
      await Promise.all(early);
      await onA.add(teacher, id, pupil);
      await sent(onB, parent, id, 'late');
      await hears(ear, 'message_received', { content: 'late' });
      expect(of(ear, 'message_received').map(({ content }) => content)).toEqual(['late']);
    });

    it('a newcomer hears on no node how far others are with messages that are hidden', async () => {
      const [teacher, parent, pupil] = [aTeacher(), aParent(), aStudent()];
      await onB.meet(pupil);
      const id = await onA.group([teacher, parent], { history: 'joined' });
      const { body: early } = await onA.send(teacher, id, 'early');
      const read = (message_id?: string) =>
        a.call('POST', `/api/v1/messages/mark-read/${message_id ?? ''}`, { as: parent });
      await onA.add(teacher, id, pupil);
      const [here, there, writer] = [await plainOn(a, pupil), await plainOn(b, pupil), await plainOn(b, teacher)];
      await read(early.message_id);
      await hears(writer, 'message_read', { message_id: early.message_id });
      const { body: late } = await onA.send(teacher, id, 'late');
      await read(late.message_id);
      for (const ear of [here, there]) {
        await hears(ear, 'message_read', { message_id: late.message_id, read_by: idOf(parent) });
        expect(of(ear, 'message_read').map(({ seq }) => seq)).not.toContain(1);
      }
    });

    it('a view of the conversation on the other node is closed', async () => {
      const [teacher, parent] = [aTeacher(), aParent()];
      const id = await group(teacher, parent);
      const view = await plainOn(b, parent, `/ws/conversation/${id}`);
      await onA.remove(teacher, id, parent);
      expect(await view.client.closed).toBe(4404);
      expect(of(view, 'conversation_left')).toHaveLength(1);
    });
  });

  it('agree on what one person sees: unread counts and lists on either node', async () => {
    const [teacher, parent] = [aTeacher(), aParent()];
    const id = await group(teacher, parent);
    for (const school of [onA, onB, onA]) await sent(school, teacher, id);
    const [fromA, fromB] = await Promise.all([onA.listed(parent, id), onB.listed(parent, id)]);
    const common = (conversation?: ConversationPayload) => ({ ...conversation, participant_details: [] });
    expect(common(fromA)).toEqual(common(fromB));
    expect(fromA).toMatchObject({ unread_count: 3, last_seq: 3 });
  });
});
