import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { aParent, aTeacher, idOf } from '../support/people';
import { ask, connectAs } from '../support/socket-client';
import { startTestApp, type TestApp } from '../support/test-app';

const TOKEN = 'the-token-of-prometheus';
const DASHBOARD = join(__dirname, '..', '..', 'docs', 'grafana', 'messaging-service.json');

describe('metrics and info', () => {
  let service: TestApp;
  beforeAll(async () => {
    service = await startTestApp({
      METRICS_TOKEN: TOKEN,
      MAX_MESSAGE_LENGTH: '1234',
      MESSAGE_EDIT_WINDOW_MINUTES: '7',
    });
  }, 60_000);
  afterAll(() => service.stop());

  const scrape = async (): Promise<string> => (await service.call('GET', '/metrics', { as: TOKEN })).text;

  it.each(['/metrics', '/info'])('%s asks for its token', async (path) => {
    expect((await service.call('GET', path)).body.error_code).toBe('AUTH_REQUIRED');
    expect((await service.call('GET', path, { as: 'another' })).body.error_code).toBe('AUTH_FAILED');
    expect((await service.call('GET', path, { as: TOKEN })).status).toBe(200);
  });

  it('says which limits hold, and no secret', async () => {
    const { body, text } = await service.call('GET', '/info', { as: TOKEN });
    expect(Object.keys(body)).toEqual([
      'service',
      'database',
      'websocket',
      'configuration',
      'external_services',
      'features',
      'timestamp',
    ]);
    expect(body['configuration']).toEqual({
      max_message_length: 1234,
      message_edit_window_minutes: 7,
      max_group_participants: 500,
      max_connections_per_user: 5,
      typing_expiry_seconds: 6,
      page_sizes: {
        history: { default: 50, max: 100 },
        conversations: { default: 20, max: 50 },
        users: { default: 20, max: 50 },
        online_users: { default: 100, max: 500 },
      },
      rate_limits: {
        messages_per_minute: 1_000_000,
        changes_per_minute: 1_000_000,
        connections_per_minute: 1_000_000,
        events_per_second: 50,
      },
      default_timezone: 'Europe/Paris',
    });
    expect(text).not.toContain(TOKEN);
  });

  it('measures requests, events, messages, connections and the store, and names nobody', async () => {
    const [parent, teacher] = [aParent(), aTeacher()];
    await service.call('GET', '/api/v1/messages/conversations', { as: teacher });
    const socket = await connectAs(service.url, parent);
    const sent = await ask(socket, 'message', { recipient_id: idOf(teacher), content: 'un texte' });
    if (!sent.ok) throw new Error('refused');
    const { conversation_id } = sent.data as unknown as { conversation_id: string };
    await ask(socket, 'no_such_event', {});
    await service.call('GET', `/api/v1/messages/history/${conversation_id}`, { as: parent });
    const text = await scrape();
    for (const line of [
      /^messaging_messages_total\{type="text",role="parent"\} 1$/m,
      /^messaging_socket_event_duration_seconds_count\{event="message",outcome="ok"\} 1$/m,
      /^messaging_socket_event_duration_seconds_count\{event="unknown",outcome="UNKNOWN_MESSAGE_TYPE"\} 1$/m,
      /^messaging_http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/messages\/history\/:conversation_id",status="200"\} 1$/m,
      /^messaging_store_operation_duration_seconds_count [1-9]\d*$/m,
      /^messaging_authenticated_connections 1$/m,
      /^nodejs_eventloop_lag_p99_seconds /m,
    ]) {
      expect(text).toMatch(line);
    }
    for (const secret of [idOf(parent), idOf(teacher), conversation_id, 'un texte', 'no_such_event']) {
      expect(text).not.toContain(secret);
    }
    socket.close();
  });

  it('the dashboard reads names that exist', async () => {
    const dashboard = readFileSync(DASHBOARD, 'utf8');
    const read = new Set(dashboard.match(/\b(?:messaging|nodejs|process)_[a-z0-9_]+/g));
    const text = await scrape();
    const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
    );
    expect([...read].filter((name) => !names.includes(name))).toEqual([]);
    expect(read.size).toBeGreaterThan(8);
  });

  it('health tells what sockets do', async () => {
    const { body } = await service.call('GET', '/health');
    expect(body['checks']).toMatchObject({ websocket: { details: { active_conversations: 0, typing_users: 0 } } });
  });
});
