import { isMuted, type Membership } from '../conversations/conversation';
import type { Message } from '../message-store/message';
import type { DirectoryEntry } from '../users/directory-entry';

const MINUTE_MS = 60_000;

/** How long after its commit a message is looked at: by then whoever is there has received it. */
export const DELAY_MS = MINUTE_MS;
/** One event at most per recipient and conversation in this time. */
export const QUIET_MS = 15 * MINUTE_MS;

/** What is known of one recipient who has no live connection and was not told in the quiet time. */
export interface Recipient {
  readonly person: DirectoryEntry;
  /** An administrator who never looked into a support conversation has none. */
  readonly membership: Membership | undefined;
}

/** @returns whether the message has reached no device of the recipient, and is one that the recipient may see. */
function isUnreached(message: Message, { person, membership }: Recipient): boolean {
  if (membership) return message.seq > Math.max(membership.readSeq, membership.deliveredSeq, membership.joinedSeq);
  return message.createdAt >= (person.adminSince ?? new Date(0));
}

/**
 * The message that a recipient is told of: the oldest that counts, standing for those after it. Pure.
 * @param messages of one conversation, lowest first, all older than `DELAY_MS`
 */
export function messageToTell(messages: readonly Message[], recipient: Recipient, now: number): Message | undefined {
  const { person, membership } = recipient;
  if (!person.isActive || !person.notificationSettings.email_notifications || isMuted(membership, now))
    return undefined;
  return messages.find(
    (message) => !message.isDeleted && message.senderId !== person.userId && isUnreached(message, recipient),
  );
}

/**
 * A full page may end within a millisecond: its last one is left for the next page, so that a time alone says where to
 * go on. A page of one millisecond only stays whole; a process numbers far fewer messages in one than a page holds.
 */
export function wholeMilliseconds(page: readonly Message[], limit: number): readonly Message[] {
  const last = page.at(-1)?.createdAt.getTime();
  if (page.length < limit || page[0]?.createdAt.getTime() === last) return page;
  return page.filter(({ createdAt }) => createdAt.getTime() !== last);
}
