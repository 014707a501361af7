import type { DomainEventMap } from '../../events/domain-event-map';

/** Domain events that devices hear of. */
export const TOLD_EVENTS = [
  'message.created',
  'message.read',
  'message.delivered',
  'typing.changed',
  'message.updated',
  'message.deleted',
  'conversation.created',
  'conversation.updated',
  'conversation.joined',
  'conversation.left',
] as const;
export type ToldName = (typeof TOLD_EVENTS)[number];

/** How the sockets of this node are reached. */
export interface LocalAudience {
  /** Tells the recipients that the event names. */
  deliver<N extends ToldName>(name: N, event: DomainEventMap[N]): void;
  /** Live events may be missing on the sockets of these people. */
  callToSync(userIds: readonly string[]): void;
}
