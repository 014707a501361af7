import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../../common/clock';
import { DomainError } from '../../common/errors/domain-error';
import { toDomainError } from '../../common/errors/to-domain-error';
import { pickLanguage } from '../../common/language';
import { SlidingWindow } from '../../common/rate/sliding-window';
import type { AppConfig } from '../../config/app-config';
import type { Broadcaster } from '../broadcaster';
import type { PayloadOf, Peer, ServerEvent } from '../peer';
import type { Admission } from './admission';
import { ClientAddress } from './client-address';
import { eventFrame } from './frames';
import { handshakeToken } from './handshake-token';
import { keepAlive } from './keep-alive';
import { isOriginAllowed } from './origin';
import { PlainPeer } from './plain-peer';
import { refuseUpgrade } from './refuse-upgrade';
import { MAX_PACKET_BYTES, SOCKET_IO_PATH } from './socket-io-door';

const MAX_FRAGMENTS = 64;
const BAD_FRAMES = 10; // a minute
const MINUTE_MS = 60_000;
const SECOND_MS = 1000;
/** How long closing waits for the clients' answers. */
const DRAIN_MS = 1000;
const PATH = /^\/ws(?:\/conversation\/(?<conversationId>[^/]+))?\/?$/;

/** Plain WebSocket (contract 5) on the port of HTTP and Socket.IO. */
export class PlainDoor implements Broadcaster {
  private readonly server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_PACKET_BYTES,
    maxFragments: MAX_FRAGMENTS,
    // Compression together with secrets leaks them, and a small frame can inflate to a large one.
    perMessageDeflate: false,
  });
  private readonly addresses: ClientAddress;
  private readonly peers = new Set<PlainPeer>();
  private readonly peersOf = new Map<string, Set<PlainPeer>>();
  private readonly badFrames = new SlidingWindow(BAD_FRAMES - 1, MINUTE_MS);
  private readonly pings: SlidingWindow;
  private admission?: Admission;
  private readonly connectionListeners: ((peer: Peer) => void)[] = [];
  private closing = false;

  constructor(
    http: HttpServer,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {
    this.addresses = new ClientAddress(config.trustedProxies);
    this.pings = new SlidingWindow(config.rates.eventsPerSecond, SECOND_MS);
    http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // Engine.io listens, too, and answers what is under its own path.
      if (!request.url?.startsWith(`${SOCKET_IO_PATH}/`)) this.upgrade(request, socket, head);
    });
  }

  open(admission: Admission): void {
    this.admission = admission;
  }

  onConnection(listener: (peer: Peer) => void): void {
    this.connectionListeners.push(listener);
  }

  broadcast<E extends ServerEvent>(
    userIds: readonly string[],
    event: E,
    payload: PayloadOf<E>,
    exceptId?: string,
  ): void {
    if (this.peersOf.size === 0) return;
    let frame: Buffer | undefined;
    for (const userId of new Set(userIds)) {
      for (const peer of this.peersOf.get(userId) ?? []) {
        if (peer.id !== exceptId) peer.send((frame ??= Buffer.from(eventFrame(event, payload))));
      }
    }
  }

  /** New handshakes are refused from here on. */
  stopAdmitting(): void {
    this.closing = true;
  }

  /** Says goodbye to every socket (1001). */
  async close(): Promise<void> {
    this.stopAdmitting();
    const open = [...this.peers];
    for (const peer of open) peer.leave();
    await Promise.all(open.map((peer) => peer.gone(DRAIN_MS)));
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const target = `http://service${request.url}`;
    const url = URL.canParse(target) ? new URL(target) : undefined;
    const match = PATH.exec(url?.pathname ?? '');
    if (!url || !match) return refuseUpgrade(socket, 404);
    if (this.closing || !this.admission) return refuseUpgrade(socket, 503);
    if (!isOriginAllowed(request.headers, this.config.corsOrigins)) return refuseUpgrade(socket, 403);
    const { admission } = this;
    this.server.handleUpgrade(request, socket, head, (accepted) => {
      void this.enter(accepted, request, url, match.groups?.['conversationId'], admission);
    });
  }

  private async enter(
    socket: WebSocket,
    request: IncomingMessage,
    url: URL,
    conversationId: string | undefined,
    admission: Admission,
  ): Promise<void> {
    // Frames wait until it is known who sends them.
    socket.pause();
    const peer = this.peer(socket, request, conversationId);
    const refusal = await admission.admit(peer, () =>
      handshakeToken({ auth: undefined, query: Object.fromEntries(url.searchParams), headers: request.headers }),
    );
    if (refusal) peer.refuse(refusal);
    else {
      if (peer.actor) await this.openConversation(peer);
      if (peer.isOpen) for (const listener of this.connectionListeners) listener(peer);
    }
    socket.resume();
  }

  private peer(socket: WebSocket, request: IncomingMessage, conversationId: string | undefined): PlainPeer {
    const { pingIntervalMs, pingTimeoutMs } = this.config.websocket;
    const peer: PlainPeer = new PlainPeer(socket, {
      address: this.addresses.of(request.socket.remoteAddress ?? '', request.headers['x-forwarded-for']),
      language: pickLanguage(request.headers['accept-language']),
      ...(conversationId !== undefined && { conversationId }),
      onJoin: (userId) => this.join(userId, peer),
      onAuthenticated: () => void this.openConversation(peer),
      onBadFrame: () => this.badFrames.take(peer.id, this.clock.now()) > 0,
    });
    this.peers.add(peer);
    peer.onClose(() => this.peers.delete(peer));
    socket.on('ping', () => {
      if (this.pings.take(peer.id, this.clock.now()) > 0) peer.refuse(new DomainError('RATE_LIMITED'));
    });
    keepAlive(socket, pingIntervalMs, pingTimeoutMs);
    return peer;
  }

  private join(userId: string, peer: PlainPeer): void {
    const peers = this.peersOf.get(userId) ?? new Set<PlainPeer>();
    if (peers.has(peer)) return;
    this.peersOf.set(userId, peers.add(peer));
    peer.onClose(() => {
      peers.delete(peer);
      if (peers.size === 0 && this.peersOf.get(userId) === peers) this.peersOf.delete(userId);
    });
  }

  /** On `/ws/conversation/{id}`: once, when it is known who asks. */
  private async openConversation(peer: PlainPeer): Promise<void> {
    if (peer.conversationId === undefined || peer.isOpened || !this.admission) return;
    try {
      await this.admission.openConversation(peer, peer.conversationId);
      peer.opened();
    } catch (thrown) {
      peer.refuse(toDomainError(thrown).error);
    }
  }
}
