import type { Message, MessageDraft } from '../message-store/message';

export interface Appended {
  readonly message: Message;
  /** The key was known: nothing was stored now. */
  readonly duplicate: boolean;
}

/** A message on its way into the log, and who waits for it. */
export interface Pending {
  readonly draft: MessageDraft;
  readonly onCommit: (message: Message, previousSenderId: string | undefined) => void;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

/** One conversation's queue: one batch in flight, numbers in the order of commit. */
export interface Lane {
  readonly id: string;
  readonly queue: Pending[];
  busy: boolean;
  /** Highest acknowledged `seq`; unknown at first and after any doubt. */
  head: number | undefined;
  /** Up to here no place is free, although no message may stand there any more; unknown at first. */
  floor: number | undefined;
  lastAt: number;
  lastSenderId: string | undefined;
  /** Its last batch met a refusal. */
  refused: boolean;
  hotUntil: number;
  /** When it was last written to. */
  usedAt: number;
}

/** A message with the place that it is tried at. */
export interface Item {
  readonly lane: Lane;
  readonly pending: Pending;
  readonly message: Message;
}

/** @param now milliseconds since 1970 */
export const newLane = (id: string, now: number): Lane => ({
  id,
  queue: [],
  busy: false,
  head: undefined,
  floor: undefined,
  lastAt: 0,
  lastSenderId: undefined,
  refused: false,
  hotUntil: 0,
  usedAt: now,
});
