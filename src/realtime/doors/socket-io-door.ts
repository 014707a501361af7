import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerOptions } from 'socket.io';
import { socketErrorBody } from '../../common/errors/error-body';
import type { AppConfig } from '../../config/app-config';
import { userRoom } from '../../contract/rooms';
import type { Broadcaster } from '../broadcaster';
import type { PayloadOf, Peer, ServerEvent } from '../peer';
import type { Admission } from './admission';
import { ClientAddress } from './client-address';
import { FlushTogether, type Flushable } from './flush-together';
import { handshakeToken } from './handshake-token';
import { isOriginAllowed } from './origin';
import { type Reader, SlowReaders } from './slow-readers';
import { type AppServer, type AppSocket, SocketIoPeer } from './socket-io-peer';

export const SOCKET_IO_PATH = '/socket.io';
export const MAX_PACKET_BYTES = 65_536;
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

/** What is used here of an engine.io connection. */
interface EngineSocket {
  /** Of WebSocket, what `ws` writes to; polling has none and writes once anyway. */
  readonly transport: { readonly socket?: { readonly _socket: Writable | null } };
}

/** A response, or what stands for one during an upgrade. */
type HeaderSink = Pick<ServerResponse, 'setHeader'>;

const NOTHING = {};

/** Nobody asks for it again, and it would hold the token in memory for as long as the connection lives. */
function forgetHandshake(socket: AppSocket): void {
  Object.assign(socket.request, { headers: NOTHING, rawHeaders: [], url: '', _query: NOTHING });
  Object.assign(socket, { handshake: undefined });
}

const writableOf = ({ transport }: EngineSocket): Writable | null | undefined => transport.socket?._socket;

/** Socket.IO (contract 4) with the limits of the settings. */
export class SocketIoDoor implements Broadcaster {
  private readonly server: AppServer;
  private readonly addresses: ClientAddress;
  private closing = false;

  constructor(
    create: (options: ServerOptions) => AppServer,
    private readonly config: AppConfig,
  ) {
    this.addresses = new ClientAddress(config.trustedProxies);
    this.server = create(this.options() as ServerOptions);
    const { engine } = this.server;
    // As middleware, not on the `headers` event, which refusals do not have.
    engine.use((_request: IncomingMessage, response: HeaderSink, next: () => void) => {
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
      next();
    });
    // The sockets' writes are most of what a message costs: one flush a turn, one system call a flush.
    const flushes = new FlushTogether();
    const readers = new SlowReaders();
    engine.on('connection', (connection: Flushable & Reader) => {
      flushes.take(connection);
      readers.take(connection);
    });
    engine.on('flush', (connection: EngineSocket & Reader) => {
      readers.flushed(connection);
      writableOf(connection)?.cork();
    });
    engine.on('drain', (connection: EngineSocket) => writableOf(connection)?.uncork());
    this.server.on('connection', forgetHandshake);
  }

  /** Admission is middleware: done on connection it would race with the first events. */
  open(admission: Admission): void {
    this.server.use((socket, next) => void this.admit(socket, admission).then(next));
  }

  onConnection(listener: (peer: Peer) => void): void {
    this.server.on('connection', (socket) => listener(socket.data.peer));
  }

  broadcast<E extends ServerEvent>(
    userIds: readonly string[],
    event: E,
    payload: PayloadOf<E>,
    exceptId?: string,
  ): void {
    const rooms = this.server.to(userIds.map(userRoom));
    const target = exceptId === undefined ? rooms : rooms.except(exceptId);
    (target.emit as (event: ServerEvent, payload: unknown) => void).call(target, event, payload);
  }

  /** New handshakes are refused from here on. */
  stopAdmitting(): void {
    this.closing = true;
  }

  /** Says goodbye to every socket. The HTTP server is closed by its owner. */
  async close(): Promise<void> {
    this.stopAdmitting();
    this.server.disconnectSockets(true);
    const end = Date.now() + DRAIN_MS;
    while (this.server.engine.clientsCount > 0 && Date.now() < end) await delay(DRAIN_STEP_MS);
    this.server.engine.close();
  }

  /** @returns the refusal, which the client finds in `connect_error` as `data` */
  private async admit(socket: AppSocket, admission: Admission): Promise<Error | undefined> {
    const { handshake } = socket;
    const peer = new SocketIoPeer(socket, this.addresses.of(handshake.address, handshake.headers['x-forwarded-for']));
    socket.data.peer = peer;
    const refusal = await admission.admit(peer, () => handshakeToken(handshake));
    if (!refusal) return undefined;
    const data = socketErrorBody(refusal, peer.language);
    return Object.assign(new Error(data.message), { data });
  }

  private options(): Partial<ServerOptions> {
    const { corsOrigins, websocket } = this.config;
    return {
      path: SOCKET_IO_PATH,
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
      // Other upgrades are the plain door's, which answers each of them.
      destroyUpgrade: false,
      cors: { origin: corsOrigins.includes('*') ? '*' : [...corsOrigins], credentials: false },
      allowRequest: ({ headers }, decide) => decide(null, !this.closing && isOriginAllowed(headers, corsOrigins)),
    };
  }
}
