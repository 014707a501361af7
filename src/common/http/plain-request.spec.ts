import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { limitConnections } from './connection-limits';
import { PlainRequest } from './plain-request';

const H2C = 'Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n';
const WEBSOCKET = 'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n';
const NEXT = 'DELETE /next HTTP/1.1\r\nHost: x\r\n\r\n';

describe('a server with sockets of its own', () => {
  let server: Server;
  let asked: string[];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    asked.push(`${request.method} ${request.url} ${body}`.trim());
    // Later than what is sent behind it.
    setTimeout(() => response.end('answered'), request.url === '/a' ? 100 : 0);
  }

  beforeEach(async () => {
    asked = [];
    server = createServer({ IncomingMessage: PlainRequest }, (request, response) => void answer(request, response));
    server.on('upgrade', ({ url }: IncomingMessage, socket: Duplex) => socket.end(`upgraded ${url}`));
    limitConnections(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  /** Everything that comes back until the end; the parts are sent one after the other. */
  async function exchange(...parts: string[]): Promise<string> {
    const socket: Socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const all = text(socket);
    for (const part of parts) {
      if (!socket.destroyed) socket.write(part);
      await delay(20);
    }
    return all;
  }

  it.each([
    ['without a body', [`GET /a HTTP/1.1\r\n${H2C}\r\n`], 'GET /a'],
    ['with a body', [`POST /a HTTP/1.1\r\n${H2C}Content-Length: 5\r\n\r\nhello`], 'POST /a hello'],
    ['with a body in pieces', [`POST /a HTTP/1.1\r\n${H2C}Content-Length: 5\r\n\r\n`, 'he', 'llo'], 'POST /a hello'],
    [
      'with a body in chunks',
      [`POST /a HTTP/1.1\r\n${H2C}Transfer-Encoding: chunked\r\n\r\n`, '5\r\nhello\r\n', '0\r\n\r\n'],
      'POST /a hello',
    ],
    ['with headers in pieces', ['GET /a HTT', `P/1.1\r\n${H2C}`, '\r\n'], 'GET /a'],
  ])('answers a request that offers h2c, %s, and ends the connection', async (_what, parts, expected) => {
    const received = await exchange(...parts);
    expect(asked).toEqual([expected]);
    expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(received).toMatch(/\r\nConnection: close\r\n/i);
    expect(received).toMatch(/answered$/);
  });

  it.each([
    ['in the same piece', [`GET /a HTTP/1.1\r\n${H2C}\r\n${NEXT}`]],
    ['with the end of one that was cut', [`GET /a HTTP/1.1\r\n${H2C}\r\nPOST /b HTTP/1.1\r\nX: `, NEXT]],
  ])('takes nothing that follows it for a request, %s', async (_what, parts) => {
    await exchange(...parts);
    expect(asked).toEqual(['GET /a']);
  });

  it('answers what came before it first', async () => {
    const received = await exchange(`GET /first HTTP/1.1\r\nHost: x\r\n\r\nGET /a HTTP/1.1\r\n${H2C}\r\n`);
    expect(asked).toEqual(['GET /first', 'GET /a']);
    expect(received.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
  });

  it('still upgrades to a WebSocket, at once or after other requests', async () => {
    expect(await exchange(WEBSOCKET)).toBe('upgraded /ws');
    expect(await exchange('GET /first HTTP/1.1\r\nHost: x\r\n\r\n', WEBSOCKET)).toMatch(/answered.*upgraded \/ws$/s);
  });

  it('still closes a tunnel', async () => {
    expect(await exchange('CONNECT school.example:443 HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('');
    expect(asked).toEqual([]);
  });
});
