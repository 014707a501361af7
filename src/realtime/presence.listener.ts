import { Injectable } from '@nestjs/common';
import { SERVER_EVENTS } from '../contract/socket-events';
import { DomainEvents } from '../events/domain-events';
import type { Broadcaster } from './broadcaster';

const EVENTS = {
  online: SERVER_EVENTS.userOnline,
  offline: SERVER_EVENTS.userOffline,
  status: SERVER_EVENTS.userStatusChange,
} as const;

/** Presence → devices (contract 4). */
@Injectable()
export class PresenceListener {
  private doors?: Broadcaster;

  constructor(events: DomainEvents) {
    events.on('presence.changed', ({ change, person, recipientIds }) => {
      // Socket.IO takes an empty list of rooms for everybody.
      if (recipientIds.length > 0) this.doors?.broadcast(recipientIds, EVENTS[change], person);
    });
  }

  /** Called once, when the doors exist; events before that have nobody to reach. */
  attach(doors: Broadcaster): void {
    this.doors = doors;
  }
}
