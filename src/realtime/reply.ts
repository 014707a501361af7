import { CLIENT_EVENTS, SERVER_EVENTS } from '../contract/socket-events';
import type { Ack, AuthenticatedPayload, MessageSentPayload } from '../contract/socket-events';
import type { MessagePayload } from '../contract/payloads';
import type { AppSocket } from './app-socket';

/** Answers one event, once. */
export type Reply = (answer: Ack<unknown>) => void;

/** @returns what the sender hears when it gave no acknowledgement callback (contract 4) */
export const messageSent = (message: MessagePayload): MessageSentPayload => ({
  message_id: message.message_id,
  conversation_id: message.conversation_id,
  client_message_id: message.client_message_id,
  seq: message.seq,
  status: message.status,
  timestamp: message.created_at,
});

/** The answer as an event. `message_read` has none: its success shows on the other devices. */
function emitAnswer(socket: AppSocket, event: unknown, answer: Ack<unknown>): void {
  if (!answer.ok) socket.emit(SERVER_EVENTS.error, answer.error);
  else if (event === CLIENT_EVENTS.authentication) {
    socket.emit(SERVER_EVENTS.authenticated, answer.data as AuthenticatedPayload);
  } else if (event === CLIENT_EVENTS.message) {
    socket.emit(SERVER_EVENTS.messageSent, messageSent(answer.data as MessagePayload));
  } else if (event === CLIENT_EVENTS.ping) {
    socket.emit(SERVER_EVENTS.pong, answer.data as { timestamp: string });
  }
}

/**
 * @param onRefusal told, once, that the answer is a refusal
 * @param acknowledge the last argument that the client sent; anything but a function means that there is none
 * @returns a function that answers through it, or as an event; calls after the first do nothing
 */
export function replyOnce(socket: AppSocket, event: unknown, acknowledge: unknown, onRefusal?: () => void): Reply {
  let answered = false;
  return (answer) => {
    if (answered) return;
    answered = true;
    if (!answer.ok) onRefusal?.();
    if (typeof acknowledge === 'function') (acknowledge as Reply)(answer);
    else emitAnswer(socket, event, answer);
  };
}
