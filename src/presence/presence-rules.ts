import type { ChosenStatus, OnlineStatus } from '../contract/payloads';

/** One socket of a person. */
export interface Device {
  readonly node: string;
  readonly id: string;
  /** False while its handshake is under way: it takes a place and makes nobody online. */
  readonly isOpen: boolean;
}

/** All that is known of one person's sockets. */
export interface Footprint {
  readonly devices: readonly Device[];
  /** When an open socket was last closed, milliseconds; 0: never, or long ago. */
  readonly leftAt: number;
}

/** When, and by what, a footprint is judged. Milliseconds of one clock. */
export interface Moment {
  readonly now: number;
  /** Until when each node lives as far as is known: what a node without one holds does not count. */
  readonly leases: ReadonlyMap<string, number>;
  /** How long a person stays online after the last socket was closed. */
  readonly graceMs: number;
}

/** @returns the sockets that count: those of nodes that live. */
export const livingDevices = ({ devices }: Footprint, { leases, now }: Moment): Device[] =>
  devices.filter(({ node }) => (leases.get(node) ?? 0) > now);

/**
 * How long a person stays online if nothing more happens, milliseconds: without an end while one socket lives, else
 * what is left of the time to return (contract 4). 0: offline.
 */
export function onlineFor(footprint: Footprint, moment: Moment): number {
  if (livingDevices(footprint, moment).some(({ isOpen }) => isOpen)) return Infinity;
  return Math.max(0, footprint.leftAt + moment.graceMs - moment.now);
}

/** @returns what a person is shown as: their choice holds on every device while they are online. */
export const shownStatus = (isOnline: boolean, chosen: ChosenStatus): OnlineStatus => (isOnline ? chosen : 'offline');

/** The status of a person, from their sockets and what they chose. */
export const statusOf = (footprint: Footprint, chosen: ChosenStatus, moment: Moment): OnlineStatus =>
  shownStatus(onlineFor(footprint, moment) > 0, chosen);
