import fc from 'fast-check';
import { SYNC_EVENT_TYPES, type SyncResult } from '../../src/contract/payloads';
import { ANSWER_EVENTS, CLIENT_EVENTS, OPEN_EVENTS, SERVER_EVENTS, type Ack } from '../../src/contract/socket-events';
import { codesOf, committed, namesOf, payloadOf, resolve } from '../support/asyncapi';
import { idOf } from '../support/people';
import { NOT_PROVOKED, OF_ALL, REFUSALS } from '../support/realtime-refusals';
import { CLIENT_INPUTS, SERVER_EVENT_CASES, Stage } from '../support/realtime-walk';
import { arbitraryOf, type Schema } from '../support/schema-arbitrary';
import { startTestApp, type TestApp } from '../support/test-app';

const clientEvents = Object.values(CLIENT_EVENTS);
const serverEvents = Object.values(SERVER_EVENTS);
const answers: Readonly<Record<string, string>> = ANSWER_EVENTS;
const RUNS = 20;
/** How long somebody may be gone before it is told. */
const GRACE_MS = 300;

/** What travels on the doors of the running service, held against docs/asyncapi.yaml field by field. */
describe('the two doors and their document', () => {
  let service: TestApp;
  let stage: Stage;
  beforeAll(async () => {
    service = await startTestApp({ RATE_LIMIT_EVENTS_PER_SECOND: '1000000' }, undefined, { graceMs: GRACE_MS });
    stage = await new Stage(service).open();
  }, 60_000);
  afterAll(async () => {
    stage.close();
    await service.stop();
  });
  afterEach(() => expect(stage.witness.surprises.splice(0)).toEqual([]));

  it('name the same events', () => {
    expect(namesOf('client.').sort()).toEqual([...clientEvents].sort());
    expect(namesOf('frame.client.').sort()).toEqual([...clientEvents].sort());
    expect(namesOf('server.').sort()).toEqual([...serverEvents].sort());
    expect(namesOf('frame.server.').sort()).toEqual([...serverEvents].sort());
  });

  it.each(clientEvents)('%s is taken and answered as the document says', async (event) => {
    const { witness, teacher } = stage;
    const [acked, framed] = [await CLIENT_INPUTS[event](stage), await CLIENT_INPUTS[event](stage)];
    witness.see(`client.${event}`, acked);
    witness.see(`frame.client.${event}`, { ...framed, type: event, request_id: 1 });
    expect(await witness.ask(teacher.socket, event, acked)).toMatchObject({ ok: true });
    expect(await witness.askPlain(teacher.plain, event, framed)).toMatchObject({ type: answers[event] ?? 'success' });
  });

  it.each(serverEvents)('%s comes on both doors as the document says', async (event) => {
    const { witness } = stage;
    const come = [witness.next(`server.${event}`), witness.next(`frame.server.${event}`)];
    await Promise.all([...come, SERVER_EVENT_CASES[event](stage)]);
  });

  it('a conversation of its own and a refused handshake look as the document says', async () => {
    await stage.openConversation();
    await stage.refusedHandshake();
  });

  it('sync brings every kind of event as a socket does', async () => {
    const { witness, school, parent, teacher } = stage;
    const sync = async (input: object): Promise<SyncResult> => {
      const answer = (await witness.ask(parent.socket, 'sync', input)) as Ack<SyncResult>;
      if (!answer.ok) throw new Error(answer.error.error_code);
      return answer.data;
    };
    const [edited, deleted] = [await stage.message(), await stage.message()];
    const [left, changed] = [await stage.group(), await stage.group()];
    const { cursor } = await sync({});
    await witness.ask(teacher.socket, 'message_edit', { message_id: edited, content: 'bonsoir' });
    await witness.ask(teacher.socket, 'message_delete', { message_id: deleted });
    await school.patch(teacher.person, changed, { title: 'Classe 4C' });
    await school.remove(teacher.person, left, parent.person);
    await stage.group();
    const read = await school.send(parent.person, stage.conversationId, 'merci');
    await witness.ask(teacher.socket, 'message_read', { message_id: read.body.message_id });
    const received = await school.send(parent.person, stage.conversationId, 'encore merci');
    await witness.ask(teacher.socket, 'message_delivered', { message_id: received.body.message_id });
    const { events } = await sync({ since: cursor, limit: 500 });
    expect([...new Set(events.map(({ type }) => type))].sort()).toEqual([...SYNC_EVENT_TYPES].sort());
    expect(await sync({ since: 'A'.repeat(22) })).toMatchObject({ cursor_expired: true });
  });

  it.each(clientEvents.filter((event) => !OPEN_EVENTS.includes(event)))('%s asks who is there', async (event) => {
    const { witness } = stage;
    const { socket, plain } = await stage.strangers();
    const error_code = 'AUTH_REQUIRED';
    const input = await CLIENT_INPUTS[event](stage);
    expect(await witness.ask(socket, event, input)).toMatchObject({ ok: false, error: { error_code } });
    expect(await witness.askPlain(plain, event, input)).toMatchObject({ type: 'error', error_code });
    socket.close();
    plain.close();
  });

  it.each(clientEvents)('%s is refused with each of its codes, and the document names no other', async (event) => {
    const cases = REFUSALS[event];
    for (const [error_code, attempt] of Object.entries(cases)) {
      const { input, by = stage.teacher.socket } = await attempt(stage);
      expect(await stage.witness.ask(by, event, input)).toMatchObject({ ok: false, error: { error_code } });
    }
    const shown = new Set<string>([...Object.keys(cases), ...OF_ALL, ...NOT_PROVOKED]);
    expect(codesOf(event).filter((code) => !shown.has(code))).toEqual([]);
  });

  it.each(clientEvents)('%s refuses a field that nobody knows', async (event) => {
    const input = { ...(await CLIENT_INPUTS[event](stage)), surprise: 1 };
    const error_code = 'VALIDATION_FAILED';
    expect(await stage.witness.ask(stage.teacher.socket, event, input)).toMatchObject({ error: { error_code } });
  });

  it.each(clientEvents)('%s answers generated input with nothing undocumented', async (event) => {
    const { witness, teacher, parent } = stage;
    const known = {
      conversation_id: [stage.conversationId],
      message_id: [await stage.message(), await stage.message()],
      reply_to: [await stage.message()],
      recipient_id: [idOf(parent.person), idOf(teacher.person)],
    };
    const input = arbitraryOf(payloadOf(`client.${event}`) as Schema, '', (ref) => resolve(ref) as Schema, known);
    await fc.assert(
      fc.asyncProperty(input, async (payload) => {
        await witness.ask(teacher.socket, event, payload);
        if (typeof payload === 'object' && payload !== null) await witness.askPlain(teacher.plain, event, payload);
        expect(witness.surprises).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  it('has seen everything that the document names', () => {
    const unseen = Object.keys(committed.components.messages).filter((key) => !stage.witness.has(key));
    expect(unseen).toEqual([]);
  });
});

describe('a flood of typing', () => {
  it('is dropped silently, in the shape of the document', async () => {
    const service = await startTestApp({ RATE_LIMIT_EVENTS_PER_SECOND: '3' });
    const stage = await new Stage(service).open();
    const { witness, teacher, conversationId: conversation_id } = stage;
    const flood = Array.from({ length: 6 }, () => witness.ask(teacher.socket, 'message_typing', { conversation_id }));
    expect(await Promise.all(flood)).toContainEqual({ ok: true, data: {} });
    expect(witness.surprises).toEqual([]);
    stage.close();
    await service.stop();
  });
});
