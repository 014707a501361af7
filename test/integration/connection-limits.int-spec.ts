import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { Server as SocketIoServer } from 'socket.io';
import { io } from 'socket.io-client';
import { limitConnections } from '../../src/common/http/connection-limits';

const UNREAD_MS = 500;
/** More than the buffers of the operating system hold. */
const LARGE = Buffer.alloc(16 * 1024 * 1024);
const ASK = 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n';

let server: Server;
let port: number;
let sockets: SocketIoServer;
let seen: string[];
const clients: Socket[] = [];

function answer({ url = '' }: IncomingMessage, response: ServerResponse): void {
  seen.push(url);
  if (url === '/large') response.end(LARGE);
  else if (url === '/slow') setTimeout(() => response.end('late'), 3 * UNREAD_MS);
  else response.end('now');
}

function open(sent: string): { socket: Socket; closed: Promise<unknown> } {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(sent);
  clients.push(socket);
  return { socket, closed: new Promise((done) => socket.once('close', done)) };
}

async function textOf(socket: Socket, until: string): Promise<string> {
  let text = '';
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    text += chunk.toString('latin1');
    if (text.includes(until)) break;
  }
  return text;
}

beforeEach(async () => {
  seen = [];
  server = createServer({ keepAliveTimeout: 3 * UNREAD_MS }, answer);
  // Times longer than that of an unread answer.
  sockets = new SocketIoServer(server, { pingInterval: 2 * UNREAD_MS, pingTimeout: 2 * UNREAD_MS });
  limitConnections(server, UNREAD_MS);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await sockets.close();
});

describe('a connection with many requests in flight', () => {
  it('is answered while there are sixteen', async () => {
    const { socket } = open(
      'GET /now HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(15) + 'GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    );
    expect((await text(socket)).match(/HTTP\/1\.1 200 OK/g)).toHaveLength(16);
  });

  it('is closed without a word at the seventeenth, and the rest of its requests is not handled', async () => {
    const { socket, closed } = open(ASK.repeat(200));
    await closed;
    expect(socket.bytesRead).toBe(0);
    expect(seen).toHaveLength(1);
  });

  it.each([
    ['Socket.IO handshakes', 'GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['expectations that nobody knows', 'GET /now HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n'],
  ])('is closed when they are %s, too', async (_what, request) => {
    const { closed } = open(ASK.repeat(16) + request);
    await closed;
    expect(sockets.engine.clientsCount).toBe(0);
  });

  it('has them handled one after the other, so that one answer at most waits for it', async () => {
    open(ASK.repeat(2) + 'GET /now HTTP/1.1\r\nHost: x\r\n\r\n');
    await delay(2 * UNREAD_MS);
    expect(seen).toEqual(['/slow']);
    await delay(6 * UNREAD_MS);
    expect(seen).toEqual(['/slow', '/slow', '/now']);
  });

  it('may ask as often as it likes one after the other', async () => {
    const { socket } = open('');
    for (let i = 0; i < 20; i++) {
      socket.write('GET /now HTTP/1.1\r\nHost: x\r\n\r\n');
      await once(socket, 'data');
    }
    expect(seen).toHaveLength(20);
  });
});

describe('a connection on which nothing moves', () => {
  it('is closed when an answer waits that nobody reads', async () => {
    const { socket, closed } = open('GET /large HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.pause();
    const [accepted] = (await once(server, 'connection')) as [Socket];
    await Promise.race([once(accepted, 'close'), delay(10 * UNREAD_MS)]);
    expect(accepted.destroyed).toBe(true);
    socket.resume();
    await closed;
    expect(socket.bytesRead).toBeLessThan(LARGE.length);
  });

  it('gets all of an answer that it reads slowly', async () => {
    const { socket, closed } = open('GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const begin = Date.now();
    socket.on('data', () => {
      socket.pause();
      setTimeout(() => socket.resume(), 10);
    });
    await closed;
    expect(socket.bytesRead).toBeGreaterThan(LARGE.length);
    expect(Date.now() - begin).toBeGreaterThan(UNREAD_MS);
  });

  it('stays while the service has not answered yet', async () => {
    expect(await textOf(open(ASK).socket, 'late')).toContain('200 OK');
  });

  it('stays between two requests for as long as keep-alive lasts, and no longer', async () => {
    const { socket, closed } = open('GET /now HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'data');
    await delay(2 * UNREAD_MS);
    socket.write('GET /again HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'data');
    expect(seen).toEqual(['/now', '/again']);
    await closed;
  });

  it.each(['polling', 'websocket'])('stays when it is a Socket.IO client by %s', async (transport) => {
    const client = io(`http://127.0.0.1:${port}`, { transports: [transport], reconnection: false });
    await once(client as unknown as NodeJS.EventEmitter, 'connect');
    await delay(4 * UNREAD_MS);
    expect(client.connected).toBe(true);
    client.disconnect();
  });
});
