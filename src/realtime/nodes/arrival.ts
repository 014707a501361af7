import type { DomainEventMap } from '../../events/domain-event-map';

export type Read = DomainEventMap['message.read'];
export type Delivered = DomainEventMap['message.delivered'];
export type Created = DomainEventMap['message.created'];
export type Typing = DomainEventMap['typing.changed'];

/** Something that happened in a conversation, here or on another node, and is still to be told on this one. */
export type Arrival =
  | {
      readonly kind: 'messages';
      readonly from: number;
      readonly upTo: number;
      /** Of a message that was committed here. */
      readonly event?: Created;
    }
  | { readonly kind: 'change'; readonly messageId: string }
  | { readonly kind: 'read'; readonly event: Read }
  | { readonly kind: 'delivered'; readonly event: Delivered }
  | { readonly kind: 'typing'; readonly event: Omit<Typing, 'recipientIds'> }
  | { readonly kind: 'view'; readonly event: 'created' | 'updated'; readonly recipientIds: readonly string[] }
  | { readonly kind: 'joined'; readonly userId: string }
  /** `isTold`: the person has been told, and what was open to them here is closed. */
  | { readonly kind: 'left'; readonly userId: string; readonly isTold?: true };

export type NewMessages = Extract<Arrival, { kind: 'messages' }>;
export type Other = Exclude<Arrival, NewMessages>;

/** @returns what is to be told: a thing that changed several times is told once, where it changed last. */
export function merged(arrivals: readonly Other[]): Other[] {
  const rest = new Map<string, Other>();
  for (const [index, arrival] of arrivals.entries()) {
    const key = keyOf(arrival) ?? String(index);
    const earlier = rest.get(key);
    rest.delete(key);
    rest.set(key, earlier ? together(earlier, arrival) : arrival);
  }
  return [...rest.values()];
}

function keyOf(arrival: Other): string | undefined {
  if (arrival.kind === 'change') return `change ${arrival.messageId}`;
  return arrival.kind === 'view' ? arrival.event : undefined;
}

function together(earlier: Other, later: Other): Other {
  if (earlier.kind !== 'view' || later.kind !== 'view') return later;
  return { ...later, recipientIds: [...new Set([...earlier.recipientIds, ...later.recipientIds])] };
}
