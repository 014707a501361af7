import { Injectable } from '@nestjs/common';
import { ConnectionCounter, type ConnectionCounts } from './connection-counter';

type OpenListener = (userId: string, socketId: string) => void;
type EndListener = (userId: string, socketId: string, wasOpen: boolean) => void;

/**
 * Who is connected to this process. A place is reserved before the handshake is answered, so that two
 * simultaneous handshakes cannot both take the last one; it counts as a connection once it is bound.
 */
@Injectable()
export class ConnectionRegistry extends ConnectionCounter {
  private readonly placesOf = new Map<string, Set<string>>();
  private readonly userOf = new Map<string, string>();
  private readonly live = new Set<string>();
  /** Of the live ones, those that are somebody's. */
  private readonly open = new Set<string>();
  /** People with an open socket. */
  private readonly online = new Set<string>();
  private peak = 0;
  private readonly openListeners: OpenListener[] = [];
  private readonly endListeners: EndListener[] = [];

  /**
   * Takes one of the user's places for a socket; repeating it for the same socket changes nothing.
   * @returns false when all `limit` places are taken, or the socket already belongs to somebody else.
   */
  reserve(userId: string, socketId: string, limit: number): boolean {
    const owner = this.userOf.get(socketId);
    if (owner !== undefined) return owner === userId;
    const places = this.placesOf.get(userId) ?? new Set<string>();
    if (places.size >= limit) return false;
    places.add(socketId);
    this.placesOf.set(userId, places);
    this.userOf.set(socketId, userId);
    return true;
  }

  /** The socket is open, with a user or still without one; again when it has got one. */
  bind(socketId: string): void {
    this.live.add(socketId);
    const userId = this.userOf.get(socketId);
    if (userId === undefined || this.open.has(socketId)) return;
    this.open.add(socketId);
    this.online.add(userId);
    this.peak = Math.max(this.peak, this.online.size);
    for (const listener of this.openListeners) listener(userId, socketId);
  }

  /** The socket is gone, or its handshake failed. Safe to call twice. */
  release(socketId: string): void {
    this.live.delete(socketId);
    this.giveBack(socketId);
  }

  /** The socket is nobody's any more; it may stay open. */
  giveBack(socketId: string): void {
    const wasOpen = this.open.delete(socketId);
    const userId = this.userOf.get(socketId);
    if (userId === undefined) return;
    this.userOf.delete(socketId);
    const places = this.placesOf.get(userId);
    places?.delete(socketId);
    if (places?.size === 0) this.placesOf.delete(userId);
    if (this.liveSocketIds(userId).length === 0) this.online.delete(userId);
    for (const listener of this.endListeners) listener(userId, socketId, wasOpen);
  }

  /** @returns whether one open socket of the user lives here; reserved places do not count. */
  isOnline(userId: string): boolean {
    return this.online.has(userId);
  }

  /** @returns the ids of the user's sockets, reserved ones included. */
  socketIds(userId: string): string[] {
    return [...(this.placesOf.get(userId) ?? [])];
  }

  /** @returns everybody with a place here, reserved ones included. */
  people(): string[] {
    return [...this.placesOf.keys()];
  }

  /** Calls `listener` when a socket is both somebody's and open. */
  onOpened(listener: OpenListener): void {
    this.openListeners.push(listener);
  }

  /** Calls `listener` when a socket of somebody is gone, or its place is given back before it was open. */
  onEnded(listener: EndListener): void {
    this.endListeners.push(listener);
  }

  /** @returns the ids of the user's open sockets. */
  liveSocketIds(userId: string): string[] {
    return this.socketIds(userId).filter((id) => this.open.has(id));
  }

  /** @returns everybody with an open socket here. */
  onlineUsers(): ReadonlySet<string> {
    return this.online;
  }

  counts(): ConnectionCounts {
    return {
      total_connections: this.live.size,
      authenticated_connections: this.open.size,
      users_online: this.online.size,
    };
  }

  peakOnline(): number {
    return this.peak;
  }
}
