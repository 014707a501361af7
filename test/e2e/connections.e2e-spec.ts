import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { eventually } from '../support/eventually';
import { startTestApp, type TestApp } from '../support/test-app';

const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: service\r\n\r\n`;

describe('connections', () => {
  let service: TestApp;
  beforeAll(async () => {
    service = await startTestApp();
  }, 60_000);
  afterAll(() => service.stop());

  function open(sent: string): Socket {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    // What is written to a connection that the service has closed.
    socket.on('error', () => undefined);
    socket.write(sent);
    return socket;
  }

  it.each(['/docs-json', '/docs/realtime', '/health', '/nowhere', '/socket.io/?EIO=4&transport=polling'])(
    'are closed when they ask for %s two hundred times at once',
    async (path) => {
      const socket = open(request(path).repeat(200));
      let answers = 0;
      socket.on('data', (chunk: Buffer) => (answers += chunk.toString('latin1').split('HTTP/1.1 ').length - 1));
      await new Promise((done) => socket.once('close', done));
      expect(answers).toBeLessThanOrEqual(8);
    },
  );

  it('leave no file open when they end before their answers', async () => {
    const openFiles = (): number => readdirSync('/dev/fd').length;
    const before = openFiles();
    for (let i = 0; i < 30; i++) {
      const socket = open(request('/docs/swagger-ui-bundle.js').repeat(8));
      await once(socket, 'data');
      socket.destroy();
    }
    // The store may open a connection meanwhile.
    await eventually('the files are closed', () => openFiles() < before + 15, 5000);
  });

  it.each([
    ['GET /health', '', '200 OK'],
    ['POST /api/v1/messages/send', '{}', '401 Unauthorized'],
    ['GET /socket.io/?EIO=4&transport=polling', '', '200 OK'],
  ])('may offer HTTP/2, as curl and Java do: %s is answered as ever', async (what, body, status) => {
    const [method = '', path = ''] = what.split(' ');
    const headers = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n';
    const type = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    const socket = open(`${method} ${path} HTTP/1.1\r\nHost: service\r\n${headers}${type}\r\n${body}`);
    expect((await text(socket)).split('\r\n')[0]).toBe(`HTTP/1.1 ${status}`);
  });
});
