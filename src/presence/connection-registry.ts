import { Injectable } from '@nestjs/common';
import { ConnectionCounter, type ConnectionCounts } from './connection-counter';

/**
 * Who is connected to this process. A place is reserved before the handshake is answered, so that two
 * simultaneous handshakes cannot both take the last one; it counts as a connection once it is bound.
 */
@Injectable()
export class ConnectionRegistry extends ConnectionCounter {
  private readonly placesOf = new Map<string, Set<string>>();
  private readonly userOf = new Map<string, string>();
  private readonly live = new Set<string>();
  /** People with an open socket. */
  private readonly online = new Set<string>();
  private peak = 0;
  private readonly leaveListeners: ((userId: string) => void)[] = [];

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
    this.noteOnline(socketId);
    return true;
  }

  /** The socket is open, with a user or still without one. */
  bind(socketId: string): void {
    this.live.add(socketId);
    this.noteOnline(socketId);
  }

  /** The socket is gone, or its handshake failed. Safe to call twice. */
  release(socketId: string): void {
    const wasLive = this.live.delete(socketId);
    const userId = this.userOf.get(socketId);
    if (userId === undefined) return;
    this.userOf.delete(socketId);
    const places = this.placesOf.get(userId);
    places?.delete(socketId);
    if (!this.isOnline(userId)) this.online.delete(userId);
    if (places?.size !== 0) return;
    this.placesOf.delete(userId);
    if (wasLive) for (const listener of this.leaveListeners) listener(userId);
  }

  /** @returns whether one open socket of the user lives here; reserved places do not count. */
  isOnline(userId: string): boolean {
    for (const socketId of this.placesOf.get(userId) ?? []) if (this.live.has(socketId)) return true;
    return false;
  }

  /** @returns the ids of the user's sockets, reserved ones included. */
  socketIds(userId: string): string[] {
    return [...(this.placesOf.get(userId) ?? [])];
  }

  /** Calls `listener` when somebody's last open socket here is gone. */
  onLeft(listener: (userId: string) => void): void {
    this.leaveListeners.push(listener);
  }

  /** @returns the ids of the user's open sockets. */
  liveSocketIds(userId: string): string[] {
    return this.socketIds(userId).filter((id) => this.live.has(id));
  }

  /** @returns at most `limit` users with an open socket here. */
  onlineUsers(limit: number): string[] {
    const users: string[] = [];
    for (const userId of this.placesOf.keys()) {
      if (users.length >= limit) break;
      if (this.isOnline(userId)) users.push(userId);
    }
    return users;
  }

  counts(): ConnectionCounts {
    let authenticated = 0;
    for (const socketId of this.live) {
      if (this.userOf.has(socketId)) authenticated++;
    }
    return {
      total_connections: this.live.size,
      authenticated_connections: authenticated,
      users_online: this.online.size,
    };
  }

  peakOnline(): number {
    return this.peak;
  }

  /** A place becomes a connection once it is both somebody's and open. */
  private noteOnline(socketId: string): void {
    const userId = this.userOf.get(socketId);
    if (userId === undefined || !this.live.has(socketId)) return;
    this.online.add(userId);
    this.peak = Math.max(this.peak, this.online.size);
  }
}
