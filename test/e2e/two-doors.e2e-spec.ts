import type { MessagePayload } from '../../src/contract/payloads';
import { aParent, aTeacher, idOf } from '../support/people';
import { PlainClient } from '../support/plain-client';
import { ask, connectAs, nextEvent } from '../support/socket-client';
import { startTestApp, type TestApp } from '../support/test-app';
import { tokenFor } from '../support/tokens';

describe('two doors into one service', () => {
  let service: TestApp;
  beforeAll(async () => {
    service = await startTestApp();
  }, 60_000);
  afterAll(() => service.stop());

  it.each([[['websocket']], [['polling']]])(
    'a user of Socket.IO (%p) and one of the plain WebSocket talk to each other',
    async (transports) => {
      const [parent, teacher] = [aParent(), aTeacher()];
      const [plain, plain2] = [await PlainClient.as(service.url, parent), await PlainClient.as(service.url, parent)];
      const socket = await connectAs(service.url, teacher, transports);
      const heard = nextEvent(socket, 'message_received');
      const content = 'Bonjour 👩🏽‍🏫 — مرحبا';
      const sent = await plain.ask({ type: 'message', recipient_id: idOf(teacher), content, client_message_id: 'k1' });
      expect(sent).toMatchObject({ type: 'message_sent', seq: 1, client_message_id: 'k1', status: 'sent' });
      expect(await heard).toMatchObject({ content, sender_id: idOf(parent), message_id: sent['message_id'] });
      expect(await plain2.event('message_received')).toMatchObject({ content, seq: 1 });

      const { conversation_id } = await heard;
      const ack = await ask(socket, 'message', { conversation_id, content: 'Bonjour Madame' });
      if (!ack.ok) throw new Error('refused');
      const { message_id } = ack.data as unknown as MessagePayload;
      expect(await plain.event('message_received')).toMatchObject({ message_id, seq: 2, content: 'Bonjour Madame' });

      const read = nextEvent(socket, 'message_read', ({ read_by }) => read_by === idOf(parent));
      expect(await plain.ask({ type: 'message_read', message_id })).toMatchObject({
        type: 'success',
        data: { conversation_id, unread_count: 0 },
      });
      expect(await read).toMatchObject({ conversation_id, message_id, seq: 2 });
      await plain2.next(({ type, read_by, seq }) => type === 'message_read' && read_by === idOf(parent) && seq === 2);
      plain.close();
      plain2.close();
      socket.close();
    },
  );

  it('answers a resend through the other door with the first message', async () => {
    const [parent, teacher] = [aParent(), aTeacher()];
    const [plain, socket] = [await PlainClient.as(service.url, parent), await connectAs(service.url, parent)];
    const t = await connectAs(service.url, teacher);
    const body = { recipient_id: idOf(teacher), content: 'une fois', client_message_id: 'once' };
    const ack = await ask(socket, 'message', body);
    const again = await plain.ask({ type: 'message', ...body });
    expect(ack).toMatchObject({ ok: true, data: { message_id: again['message_id'], seq: 1 } });
    plain.close();
    socket.close();
    t.close();
  });

  it('opens /ws/conversation/{id} to its participants only', async () => {
    const [parent, teacher, stranger] = [aParent(), aTeacher(), aTeacher()];
    const t = await connectAs(service.url, teacher);
    const first = await service.call('POST', '/api/v1/messages/send', {
      as: parent,
      body: { recipient_id: idOf(teacher), content: 'x' },
    });
    const path = `/ws/conversation/${first.body.conversation_id}`;
    const client = await PlainClient.as(service.url, parent, path);
    expect(client.frames[0]).toMatchObject({ type: 'success' });
    const heard = nextEvent(t, 'message_received');
    expect(await client.ask({ type: 'message', content: 'y' })).toMatchObject({ type: 'message_sent', seq: 2 });
    expect(await heard).toMatchObject({ conversation_id: first.body.conversation_id, content: 'y' });
    const refused = await PlainClient.open(service.url, `${path}?token=${tokenFor(stranger)}`);
    expect(await refused.closed).toBe(4404);
    client.close();
    t.close();
  });
});
