import type { INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { MessageMappingProperties } from '@nestjs/websockets';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Server, ServerOptions } from 'socket.io';
import { SystemClock } from '../common/clock';
import type { AppConfig } from '../config/app-config';
import type { AppSocket } from './app-socket';
import { EventDispatcher, type Transform } from './event-dispatcher';
import { isOriginAllowed } from './origin';

const MAX_PACKET_BYTES = 65_536;
const HANDSHAKE_MS = 5000;
/** How long closing waits for the last packets to leave. */
const DRAIN_MS = 1000;
const DRAIN_STEP_MS = 20;

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-site',
  'Referrer-Policy': 'no-referrer',
  'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
  'X-Content-Type-Options': 'nosniff',
};

/** What is used here of an engine.io connection: the request that opened it, and with it the TCP socket. */
interface EngineSocket {
  readonly request: IncomingMessage;
}

/** A response, or what stands for one during an upgrade. */
type HeaderSink = Pick<ServerResponse, 'setHeader'>;

/** Socket.IO with the limits of the settings, and our own dispatcher in place of Nest's binding of events. */
export class SocketIoAdapter extends IoAdapter {
  private readonly dispatcher: EventDispatcher;
  private closing = false;

  constructor(
    app: INestApplicationContext,
    private readonly config: AppConfig,
  ) {
    super(app);
    this.dispatcher = new EventDispatcher(config.rates.eventsPerSecond, new SystemClock());
  }

  /** @returns the server on the application's own HTTP server */
  override createIOServer(port: number, options?: ServerOptions): Server {
    const server = super.createIOServer(port, { ...options, ...this.options() } as ServerOptions);
    // As middleware, not on the `headers` event, which refusals do not have.
    server.engine.use((_request: IncomingMessage, response: HeaderSink, next: () => void) => {
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
      next();
    });
    // One system call for all packets that a flush writes; the sockets' writes are most of what a message costs.
    server.engine.on('flush', (connection: EngineSocket) => connection.request.socket.cork());
    server.engine.on('drain', (connection: EngineSocket) => connection.request.socket.uncork());
    return server;
  }

  override bindMessageHandlers(socket: AppSocket, handlers: MessageMappingProperties[], transform: Transform): void {
    this.dispatcher.bind(socket, handlers, transform);
  }

  /** Says goodbye to every socket. The HTTP server is closed by its owner, Nest. */
  override async close(server: Server): Promise<void> {
    this.closing = true;
    server.disconnectSockets(true);
    const end = Date.now() + DRAIN_MS;
    while (server.engine.clientsCount > 0 && Date.now() < end) await delay(DRAIN_STEP_MS);
    server.engine.close();
  }

  private options(): Partial<ServerOptions> {
    const { corsOrigins, websocket } = this.config;
    return {
      path: '/socket.io',
      transports: ['polling', 'websocket'],
      serveClient: false,
      maxHttpBufferSize: MAX_PACKET_BYTES,
      pingInterval: websocket.pingIntervalMs,
      pingTimeout: websocket.pingTimeoutMs,
      connectTimeout: HANDSHAKE_MS,
      upgradeTimeout: HANDSHAKE_MS,
      // Compression together with secrets leaks them, and a small packet can inflate to a large one.
      perMessageDeflate: false,
      httpCompression: false,
      cleanupEmptyChildNamespaces: true,
      cors: { origin: corsOrigins.includes('*') ? '*' : [...corsOrigins], credentials: false },
      allowRequest: ({ headers }, decide) => decide(null, !this.closing && isOriginAllowed(headers, corsOrigins)),
    };
  }
}
