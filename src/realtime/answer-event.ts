import type { MessagePayload } from '../contract/payloads';
import { ANSWER_EVENTS, CLIENT_EVENTS, type MessageSentPayload } from '../contract/socket-events';
import type { ServerEvent } from './peer';

const messageSent = (message: MessagePayload): MessageSentPayload => ({
  message_id: message.message_id,
  conversation_id: message.conversation_id,
  client_message_id: message.client_message_id,
  seq: message.seq,
  status: message.status,
  timestamp: message.created_at,
});

/**
 * The answer to a client's event as an event (contract 4, last column).
 * @param data what an acknowledgement would carry
 * @returns undefined where the contract names none
 */
export function answerEvent(event: unknown, data: unknown): { event: ServerEvent; payload: object } | undefined {
  if (typeof event !== 'string' || !Object.hasOwn(ANSWER_EVENTS, event)) return undefined;
  const name = ANSWER_EVENTS[event as keyof typeof ANSWER_EVENTS];
  return {
    event: name,
    payload: event === CLIENT_EVENTS.message ? messageSent(data as MessagePayload) : (data as object),
  };
}
