import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { PlainRequest } from './plain-request';

/** Browsers and HTTP libraries wait for an answer before they ask again on a connection; tools that pipeline send ten. */
const MAX_IN_FLIGHT = 16;
/** As long as a request may take to arrive. */
const UNREAD_MS = 30_000;

/**
 * Bounds what one connection makes the service hold. Node handles all requests that it finds in a chunk and queues their
 * answers, whether somebody reads them or not. Here they are handled one after the other, as they are answered. Past
 * sixteen a connection is closed without a word, and so is one that takes nothing of its answer for a while; requests that
 * wait for the service (long polling) may wait on.
 * @param server with all its request listeners, those of Socket.IO too: later ones are not bounded
 * @param unreadMs milliseconds without any progress
 */
export function limitConnections(server: Server, unreadMs = UNREAD_MS): void {
  const listeners = server.listeners('request') as RequestListener[];
  const inFlight = new WeakMap<Socket, (() => void)[]>();
  const ending = new WeakSet<Socket>();
  const admit = (request: IncomingMessage, response: ServerResponse, handle: () => void): void => {
    const { socket } = request;
    // Node goes on with the rest of the chunk.
    if (socket.destroyed || ending.has(socket)) return;
    const turns = inFlight.get(socket) ?? [];
    inFlight.set(socket, turns);
    if (turns.push(handle) > MAX_IN_FLIGHT) {
      socket.destroy();
      return;
    }
    response.once('close', () => {
      turns.shift();
      if (!socket.destroyed) turns[0]?.();
    });
    if (request instanceof PlainRequest && request.hasIgnoredUpgrade) {
      // Node loses the bytes behind it: the rest of a request that was cut must not be read as one of its own.
      response.shouldKeepAlive = false;
      ending.add(socket);
    }
    if (turns.length === 1) handle();
  };

  server.removeAllListeners('request');
  server.on('request', (request, response) =>
    admit(request, response, () => listeners.forEach((listener) => listener.call(server, request, response))),
  );
  // What Node answers by itself as long as nobody listens, and would not count.
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    admit(request, response, () => response.writeHead(417).end()),
  );
  // Upgraded sockets have left; the time of an idle one (keep-alive) comes by here, too, and nothing is in flight then.
  server.setTimeout(unreadMs, (socket) => {
    const isOurTurn = (inFlight.get(socket)?.length ?? 0) > 0 && socket.writableLength === 0;
    if (isOurTurn) socket.setTimeout(unreadMs);
    else socket.destroy();
  });
}
