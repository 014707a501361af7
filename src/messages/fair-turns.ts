import { Injectable } from '@nestjs/common';
import { NodeBus } from '../node-bus/node-bus';

/** The first lost race only says that a node had not heard of another's messages. */
const LOSSES = 2;
/** Longest rest for one call, milliseconds: whoever called may have ended. */
const REST_MS = 250;

/**
 * Whoever loses a race for a place has to look where the conversation stands before the next try, while the winner
 * knows: a node that writes without a pause would win for as long as it goes on. So a node that lost twice asks the
 * others for a rest, and they write nothing to that conversation until they hear of its message. Only about who comes
 * first: the places themselves are the store's to give (docs/adr/0002).
 */
@Injectable()
export class FairTurns {
  private readonly losses = new Map<string, number>();
  private readonly resting = new Map<string, NodeJS.Timeout>();
  private readonly overListeners: ((conversationId: string) => void)[] = [];

  constructor(private readonly bus: NodeBus) {
    bus.on('place.wanted', ({ conversationId }) => this.rest(conversationId));
    bus.on('messages.created', ({ conversationId }) => this.end(conversationId));
  }

  /** Another node had taken the place. */
  lost(conversationId: string): void {
    const losses = (this.losses.get(conversationId) ?? 0) + 1;
    this.losses.set(conversationId, losses);
    if (losses >= LOSSES) this.bus.publish('place.wanted', { conversationId });
  }

  /** What waited has its place, or waits no more. */
  settled(conversationId: string): void {
    this.losses.delete(conversationId);
  }

  /** @returns whether another node is to write first. Two that wait do not wait for each other. */
  isResting(conversationId: string): boolean {
    return this.resting.has(conversationId) && (this.losses.get(conversationId) ?? 0) < LOSSES;
  }

  /** Calls `listener` when a rest is over. */
  onOver(listener: (conversationId: string) => void): void {
    this.overListeners.push(listener);
  }

  private rest(conversationId: string): void {
    clearTimeout(this.resting.get(conversationId));
    this.resting.set(conversationId, setTimeout(() => this.end(conversationId), REST_MS).unref());
  }

  private end(conversationId: string): void {
    clearTimeout(this.resting.get(conversationId));
    if (!this.resting.delete(conversationId)) return;
    for (const listener of this.overListeners) listener(conversationId);
  }
}
