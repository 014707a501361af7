import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { type ServerOptions, Server } from 'socket.io';
import { WebSocket } from 'ws';
import { loadConfiguration } from '../../src/config/configuration';
import { SocketIoDoor } from '../../src/realtime/doors/socket-io-door';
import type { AppServer } from '../../src/realtime/doors/socket-io-peer';
import { aParent } from '../support/people';
import { connected, rawSocket } from '../support/socket-client';
import { TEST_SECRET, tokenFor } from '../support/tokens';

const untilTrue = async (condition: () => boolean): Promise<void> => {
  for (let i = 0; i < 300 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
};

describe('a connection of the Socket.IO door', () => {
  const http = createServer();
  let server: AppServer;
  let door: SocketIoDoor;
  let port: number;
  beforeAll(async () => {
    const config = loadConfiguration({ NODE_ENV: 'test', SECRET_KEY: TEST_SECRET }, tmpdir());
    door = new SocketIoDoor((options: ServerOptions) => (server = new Server(http, options)), config);
    door.open({ admit: () => Promise.resolve(undefined), openConversation: () => Promise.resolve() });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    port = (http.address() as AddressInfo).port;
  });
  afterAll(async () => {
    await door.close();
    await new Promise((resolve) => http.close(resolve));
  });

  it.each([[['websocket']], [['polling']], [['polling', 'websocket']]])(
    'holds nothing of its handshake, the token least of all: %p',
    async (transports) => {
      const token = tokenFor(aParent());
      const client = rawSocket(`http://127.0.0.1:${port}?token=${token}`, { token }, transports);
      await connected(client);
      await untilTrue(() => client.io.engine.transport.name === transports.at(-1));
      const [socket] = [...server.sockets.sockets.values()];
      const { handshake, request } = socket ?? {};
      const { headers, rawHeaders, url } = request ?? {};
      expect([handshake, { ...headers }, rawHeaders, url]).toEqual([undefined, {}, [], '']);
      expect(request).toMatchObject({ _query: {} });
      client.close();
      await untilTrue(() => server.sockets.sockets.size === 0);
    },
  );

  it('is closed when its client has left: an open one would count for nobody', async () => {
    const client = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
    client.on('message', (data: Buffer) => {
      const packet = data.toString();
      if (packet.startsWith('0')) client.send('40');
      if (packet.startsWith('40')) client.send('41');
    });
    await untilTrue(() => client.readyState === WebSocket.CLOSED);
    expect(server.engine.clientsCount).toBe(0);
  });
});
