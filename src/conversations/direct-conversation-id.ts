import { createHash } from 'node:crypto';

/** Name space of direct conversations; a constant of this service, never to change. */
const NAMESPACE = Buffer.from('6f0f3c3e5d0b4a4c9a7e2b61c1d0e5aa', 'hex');

/** @returns the one id of the direct conversation of two people: UUIDv5 (RFC 9562) of the sorted pair. */
export const directConversationId = (a: string, b: string): string => uuidV5(JSON.stringify([a, b].sort()));

/** @returns the one id of the conversation in which a sender's system messages reach a person. */
export const systemConversationId = (senderId: string, recipientId: string): string =>
  uuidV5(JSON.stringify(['system', senderId, recipientId]));

function uuidV5(name: string): string {
  const hash = createHash('sha1').update(NAMESPACE).update(name).digest().subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
