import { v5 as uuidv5 } from 'uuid';

/** Name space of direct conversations; a constant of this service, never to change. */
const NAMESPACE = '6f0f3c3e-5d0b-4a4c-9a7e-2b61c1d0e5aa';

/** @returns the one id of the direct conversation of two people: UUIDv5 (RFC 9562) of the sorted pair. */
export const directConversationId = (a: string, b: string): string => uuidv5(JSON.stringify([a, b].sort()), NAMESPACE);

/** @returns the one id of the conversation in which a sender's system messages reach a person. */
export const systemConversationId = (senderId: string, recipientId: string): string =>
  uuidv5(JSON.stringify(['system', senderId, recipientId]), NAMESPACE);
