import type { Place, SentMessage } from '../message-store/message-timeline';

export const MINUTE_MS = 60_000;

/** Sums since the first message of all. */
export interface Totals {
  readonly messages: number;
  /** A reply: a message whose predecessor in the conversation is another person's. */
  readonly replies: number;
  /** Milliseconds from each predecessor to its reply. */
  readonly replyMs: number;
}

export const NONE: Totals = { messages: 0, replies: 0, replyMs: 0 };

/** The sums up to the end of a minute. */
export interface MinuteTotals extends Totals {
  readonly minute: Date;
}

/** What a person has sent to a conversation up to the end of a minute. */
export interface SentCount {
  readonly conversationId: string;
  readonly userId: string;
  readonly sent: number;
  /** Of these, what stands above `sinceSeq`, where the person came in last. */
  readonly sentSince: number;
  readonly sinceSeq: number;
  readonly minute: Date;
}

type Pair = Pick<SentCount, 'conversationId' | 'userId'>;
export const pairId = ({ conversationId, userId }: Pair): string => `${conversationId}/${userId}`;
const placeId = ({ conversationId, seq }: Place): string => `${conversationId}/${seq}`;

export const minuteOf = (moment: number): number => Math.floor(moment / MINUTE_MS) * MINUTE_MS;
/** @returns the first moment that the counted minutes do not cover. */
export const endOf = (last: { readonly minute: Date } | undefined): Date =>
  new Date(last ? last.minute.getTime() + MINUTE_MS : 0);

/** @returns the places of the predecessors that are not among the messages. */
export function missingPredecessors(messages: readonly SentMessage[]): Place[] {
  const here = new Set(messages.map(placeId));
  return messages
    .map(({ conversationId, seq }) => ({ conversationId, seq: seq - 1 }))
    .filter((place) => place.seq > 0 && !here.has(placeId(place)));
}

function replyMsOf(message: SentMessage, previous: SentMessage | undefined): number | undefined {
  if (!previous || previous.senderId === message.senderId) return undefined;
  if (previous.senderRole === 'service' || message.senderRole === 'service') return undefined;
  return message.createdAt.getTime() - previous.createdAt.getTime();
}

/**
 * The minutes in which there was a message, oldest first, each with the sums up to its end.
 * @param earlier predecessors from before the messages
 */
export function countMinutes(
  messages: readonly SentMessage[],
  earlier: readonly SentMessage[],
  start: Totals = NONE,
): MinuteTotals[] {
  const known = new Map([...earlier, ...messages].map((message) => [placeId(message), message]));
  let sums = start;
  return [...groupBy(messages, ({ createdAt }) => minuteOf(createdAt.getTime()))].map(([minute, sent]) => {
    for (const message of sent) {
      const { conversationId, seq } = message;
      sums = plus(sums, replyMsOf(message, known.get(placeId({ conversationId, seq: seq - 1 }))));
    }
    return { minute: new Date(minute), ...sums };
  });
}

const plus = ({ messages, replies, replyMs }: Totals, ms: number | undefined): Totals => ({
  messages: messages + 1,
  replies: replies + (ms === undefined ? 0 : 1),
  replyMs: replyMs + (ms ?? 0),
});

/**
 * What people sent, added to what was counted before; a message of a minute that is counted already changes nothing.
 * @param joinedSeqOf where each person came into the conversation, by `pairId`
 * @param minute the last one, complete
 */
export function countSent(
  messages: readonly SentMessage[],
  known: ReadonlyMap<string, SentCount>,
  joinedSeqOf: ReadonlyMap<string, number>,
  minute: Date,
): SentCount[] {
  const people = messages.filter(({ senderRole }) => senderRole !== 'service');
  const byPair = groupBy(people, ({ conversationId, senderId }) => pairId({ conversationId, userId: senderId }));
  return [...byPair].flatMap(([id, [first, ...rest]]) => {
    if (!first) return [];
    const before = known.get(id);
    const added = [first, ...rest].filter(({ createdAt }) => createdAt >= endOf(before));
    if (added.length === 0) return [];
    const sinceSeq = Math.max(before?.sinceSeq ?? 0, joinedSeqOf.get(id) ?? 0);
    const kept = before?.sinceSeq === sinceSeq ? before.sentSince : 0;
    return {
      conversationId: first.conversationId,
      userId: first.senderId,
      sent: (before?.sent ?? 0) + added.length,
      sentSince: kept + added.filter(({ seq }) => seq > sinceSeq).length,
      sinceSeq,
      minute,
    };
  });
}

/** A full page may end within a minute: that minute is left for the next page. */
export function wholeMinutes(page: readonly SentMessage[], limit: number): readonly SentMessage[] {
  const last = page.at(-1);
  if (!last || page.length < limit) return page;
  const minute = minuteOf(last.createdAt.getTime());
  return page.filter(({ createdAt }) => createdAt.getTime() < minute);
}

function groupBy<K>(messages: readonly SentMessage[], keyOf: (message: SentMessage) => K): Map<K, SentMessage[]> {
  const groups = new Map<K, SentMessage[]>();
  for (const message of messages) {
    const key = keyOf(message);
    const group = groups.get(key);
    if (group) group.push(message);
    else groups.set(key, [message]);
  }
  return groups;
}
