import { io, type Socket } from 'socket.io-client';
import type { Ack, ClientToServerEvents, ServerToClientEvents } from '../../src/contract/socket-events';
import { tokenFor, type TestPerson } from './tokens';

/** The socket without its event map, for names that are computed. */
interface Emitter {
  on(event: string, listener: (payload: never) => void): void;
  off(event: string, listener: (payload: never) => void): void;
}

export type TestSocket = Socket<ServerToClientEvents, ClientToServerEvents>;

type Payload<E extends keyof ServerToClientEvents> = Parameters<ServerToClientEvents[E]>[0];

const WAIT_MS = 15_000;

/** A socket that has not connected yet; `auth` may be anything a client might send. */
export const rawSocket = (url: string, auth: Record<string, unknown> = {}, transports = ['websocket']): TestSocket =>
  io(url, { auth, transports, forceNew: true, reconnection: false });

/** A connected, authenticated socket. */
export async function connectAs(url: string, person: TestPerson, transports?: string[]): Promise<TestSocket> {
  const socket = rawSocket(url, { token: tokenFor(person) }, transports);
  await connected(socket);
  return socket;
}

export const connected = (socket: TestSocket): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });

/** The next event of a name that fits. */
export function nextEvent<E extends keyof ServerToClientEvents>(
  socket: TestSocket,
  event: E,
  fits: (payload: Payload<E>) => boolean = () => true,
): Promise<Payload<E>> {
  return new Promise((resolve, reject) => {
    const untyped = socket as unknown as Emitter;
    const timer = setTimeout(() => reject(new Error(`no ${event} in ${WAIT_MS} ms`)), WAIT_MS);
    const listener = (payload: Payload<E>): void => {
      if (!fits(payload)) return;
      clearTimeout(timer);
      untyped.off(event, listener);
      resolve(payload);
    };
    untyped.on(event, listener);
  });
}

/** Sends an event and waits for its acknowledgement; fails when none comes. */
export const ask = (socket: TestSocket, event: string, payload: unknown): Promise<Ack<Record<string, never>>> =>
  (socket as unknown as Socket).timeout(WAIT_MS).emitWithAck(event, payload) as Promise<Ack<Record<string, never>>>;
