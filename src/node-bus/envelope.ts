import { NODE_EVENTS, type NodeEventMap, type NodeEventName } from './node-events';

/** Raised when nodes of before could not read what nodes of now say. */
export const ENVELOPE_VERSION = 1;

export type NodeEvent = { [N in NodeEventName]: readonly [name: N, payload: NodeEventMap[N]] }[NodeEventName];

/** What one node says at one time. */
export interface Envelope {
  /** The node, for its life. */
  readonly from: string;
  /** Counts the envelopes with events, those that could not be sent too. One without events repeats the last number. */
  readonly n: number;
  /** Unset: a heartbeat. */
  readonly events?: readonly NodeEvent[];
  /** The node stops: its silence means nothing. */
  readonly bye?: true;
}

export const encode = (envelope: Envelope): string => JSON.stringify({ v: ENVELOPE_VERSION, ...envelope });

/** @returns undefined for what no node of this version says; kinds that are not known here are left out. */
export function decode(text: string): Envelope | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { v, from, n, events, bye } = value as Record<string, unknown>;
  if (v !== ENVELOPE_VERSION || typeof from !== 'string' || !Number.isSafeInteger(n) || Number(n) < 0) return undefined;
  if (events !== undefined && !Array.isArray(events)) return undefined;
  return {
    from,
    n: Number(n),
    ...(events && { events: events.filter(isNodeEvent) }),
    ...(bye === true && { bye }),
  };
}

function isNodeEvent(value: unknown): value is NodeEvent {
  if (!Array.isArray(value)) return false;
  const [name, payload] = value as unknown[];
  return typeof name === 'string' && Object.hasOwn(NODE_EVENTS, name) && NODE_EVENTS[name as NodeEventName](payload);
}
