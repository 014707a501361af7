import { ONLINE_STATUSES, type OnlineStatus, type PresencePayload } from '../contract/payloads';

/** What nodes tell each other: facts, without contents of messages (docs/adr/0006). A payload is plain JSON. */
export interface NodeEventMap {
  /** Messages `from` to `upTo` of a conversation are committed, the last of them `at` (ISO 8601). */
  'messages.created': { conversationId: string; from: number; upTo: number; at: string };
  /** The node lost races for a place in this conversation: others let it write first. */
  'place.wanted': { conversationId: string };
  /** A message was edited or deleted. */
  'message.changed': { conversationId: string; messageId: string };
  'message.read': NodeReceipt;
  'message.delivered': NodeReceipt;
  'typing.changed': { conversationId: string; userId: string; userName: string; isTyping: boolean };
  /** The conversation, or how these people see it, is new or another one. */
  'conversation.told': { conversationId: string; event: 'created' | 'updated'; recipientIds: string[] };
  'conversation.joined': { conversationId: string; userId: string };
  'conversation.left': { conversationId: string; userId: string };
  /** How a person is shown from now on, and to whom. */
  'presence.changed': { change: 'online' | 'offline' | 'status'; person: PresencePayload; recipientIds: string[] };
  /** What the directory says of a person's role or activity is another thing now. */
  'user.changed': { userId: string };
}

/** A position moved. */
export interface NodeReceipt {
  conversationId: string;
  messageId: string;
  seq: number;
  userId: string;
  /** ISO 8601. */
  at: string;
  recipientIds: string[];
}

export type NodeEventName = keyof NodeEventMap;

type Check = (value: unknown) => boolean;

const MAX_TEXT = 1_000; // characters
const MAX_PEOPLE = 10_000;

const isText: Check = (value) => typeof value === 'string' && value.length > 0 && value.length <= MAX_TEXT;
const isPlace: Check = (value) => Number.isSafeInteger(value) && Number(value) > 0;
const isFlag: Check = (value) => typeof value === 'boolean';
const isTime: Check = (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value));
const isPerson: Check = (value) => isShape(value, PERSON);
const arePeople: Check = (value) => Array.isArray(value) && value.length <= MAX_PEOPLE && value.every(isText);

const isShape = (value: unknown, checks: Readonly<Record<string, Check>>): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries<Check>(checks).every(([field, check]) => check((value as Record<string, unknown>)[field]));
const shape =
  <N extends NodeEventName>(checks: { [K in keyof Required<NodeEventMap[N]>]: Check }) =>
  (value: unknown): value is NodeEventMap[N] =>
    isShape(value, checks);

const PERSON: { readonly [K in keyof PresencePayload]: Check } = {
  user_id: isText,
  username: isText,
  display_name: isText,
  online_status: (value) => ONLINE_STATUSES.includes(value as OnlineStatus),
  last_seen: (value) => value === null || isTime(value),
};

const receipt = {
  conversationId: isText,
  messageId: isText,
  seq: isPlace,
  userId: isText,
  at: isTime,
  recipientIds: arePeople,
};

/** What comes in is looked at before anybody acts on it. */
export const NODE_EVENTS: { readonly [N in NodeEventName]: (value: unknown) => value is NodeEventMap[N] } = {
  'messages.created': shape<'messages.created'>({ conversationId: isText, from: isPlace, upTo: isPlace, at: isTime }),
  'place.wanted': shape<'place.wanted'>({ conversationId: isText }),
  'message.changed': shape<'message.changed'>({ conversationId: isText, messageId: isText }),
  'message.read': shape<'message.read'>(receipt),
  'message.delivered': shape<'message.delivered'>(receipt),
  'typing.changed': shape<'typing.changed'>({
    conversationId: isText,
    userId: isText,
    userName: isText,
    isTyping: isFlag,
  }),
  'conversation.told': shape<'conversation.told'>({
    conversationId: isText,
    event: (value) => value === 'created' || value === 'updated',
    recipientIds: arePeople,
  }),
  'conversation.joined': shape<'conversation.joined'>({ conversationId: isText, userId: isText }),
  'conversation.left': shape<'conversation.left'>({ conversationId: isText, userId: isText }),
  'presence.changed': shape<'presence.changed'>({
    change: (value) => value === 'online' || value === 'offline' || value === 'status',
    person: isPerson,
    recipientIds: arePeople,
  }),
  'user.changed': shape<'user.changed'>({ userId: isText }),
};
