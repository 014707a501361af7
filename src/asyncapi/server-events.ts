import { ConversationSchema } from '../openapi/conversation.schema';
import { MessageSchema } from '../openapi/message.schema';
import {
  AuthenticatedSchema,
  ConversationMemberSchema,
  MessageDeletedSchema,
  MessageDeliveredSchema,
  MessageReadSchema,
  MessageReceivedSchema,
  MessageSentSchema,
  PongSchema,
  PresenceSchema,
  SocketErrorSchema,
  SyncRequiredSchema,
  TypingSchema,
  UnauthorizedSchema,
} from '../openapi/socket-event.schema';
import { SyncResultSchema } from '../openapi/sync.schema';
import { CLIENT_EVENT_ENTRIES } from './client-events';
import type { ServerEvent, ServerEventEntry } from './event-types';
import * as example from './examples';

const { CONVERSATION_ID: conversation_id, MESSAGE_ID: message_id, MARIE, DUPONT, SENT_AT, READ_AT } = example;
const position = { conversation_id, message_id, seq: 12 };
const typing = { conversation_id, user_id: MARIE, user_name: 'Marie Martin' };
const ASKER = 'The connection that asked.';
const presence = { user_id: MARIE, username: 'marie.martin', display_name: 'Marie Martin' };
const THOSE_WHO_SHARE =
  'Those connected who share a direct or support conversation, or a group of up to 100, with the person.';
const PARTICIPANTS = 'Every device of every participant.';

/**
 * Every event of the service. One that the contract names and this does not fails to compile; one that
 * test/support/realtime-walk.ts has no case for fails the contract test.
 */
export const SERVER_EVENT_ENTRIES: { readonly [E in ServerEvent]: ServerEventEntry<E> } = {
  authenticated: {
    summary: 'Who is here, as the answer to `authentication`',
    to: ASKER,
    payload: AuthenticatedSchema,
    example: CLIENT_EVENT_ENTRIES.authentication.dataExample,
  },
  message_sent: {
    summary: 'The message is stored, as the answer to `message`',
    to: ASKER,
    payload: MessageSentSchema,
    example: { ...position, client_message_id: 'b3f0c0de-1', status: 'sent', timestamp: SENT_AT },
  },
  message_received: {
    summary: 'A message',
    description:
      'In `seq` order within a conversation. A `seq` that leaves a gap says that something was missed: sync.',
    to: 'Every device of every participant but the connection that sent it.',
    payload: MessageReceivedSchema,
    example: { ...example.SENT_MESSAGE, timestamp: SENT_AT },
  },
  message_read: {
    summary: 'A participant has read',
    description: 'Cumulative, and one event per reader, conversation and 250 ms at most.',
    to: 'The reader’s other devices and the senders of the messages newly covered; up to 50 participants, everybody.',
    payload: MessageReadSchema,
    example: { ...position, read_by: DUPONT, read_at: READ_AT },
  },
  message_delivered: {
    summary: 'Messages have reached a device of a participant',
    description: 'Cumulative, and one event per person, conversation and 250 ms at most.',
    to: 'The senders of the messages newly covered.',
    payload: MessageDeliveredSchema,
    example: { ...position, delivered_to: DUPONT, delivered_at: READ_AT },
  },
  message_typing: {
    summary: 'A participant is typing',
    description: 'Without another one it ends by itself: the client forgets it after 6 s.',
    to: 'The other participants; none above 100.',
    payload: TypingSchema,
    example: { ...typing, is_typing: true },
  },
  message_stop_typing: {
    summary: 'A participant has stopped typing',
    to: 'The other participants; none above 100.',
    payload: TypingSchema,
    example: { ...typing, is_typing: false },
  },
  message_updated: {
    summary: 'A message reads differently now',
    to: PARTICIPANTS,
    payload: MessageSchema,
    example: example.EDITED_MESSAGE,
  },
  message_deleted: {
    summary: 'The content of a message is gone; its place stays',
    to: PARTICIPANTS,
    payload: MessageDeletedSchema,
    example: position,
  },
  user_online: {
    summary: 'A person is connected',
    to: THOSE_WHO_SHARE,
    payload: PresenceSchema,
    example: { ...presence, online_status: 'online', last_seen: null },
  },
  user_offline: {
    summary: 'A person has been gone for 5 s',
    to: THOSE_WHO_SHARE,
    payload: PresenceSchema,
    example: { ...presence, online_status: 'offline', last_seen: READ_AT },
  },
  user_status_change: {
    summary: 'A person chose another status',
    to: `${THOSE_WHO_SHARE} Also the person’s own devices.`,
    payload: PresenceSchema,
    example: { ...presence, online_status: 'busy', last_seen: null },
  },
  conversation_created: {
    summary: 'A conversation that is new to the one who hears of it',
    to: 'Its participants; later, a person who was added.',
    payload: ConversationSchema,
    example: example.CONVERSATION,
  },
  conversation_updated: {
    summary: 'A conversation as it is now',
    to: PARTICIPANTS,
    payload: ConversationSchema,
    example: example.CONVERSATION,
  },
  conversation_joined: {
    summary: 'A person came into a conversation',
    description: 'As the answer to `conversation_join` it says that the view is open on this connection.',
    to: 'The other participants; as an answer, the connection that asked.',
    payload: ConversationMemberSchema,
    example: { conversation_id, user_id: DUPONT },
  },
  conversation_left: {
    summary: 'A person left a conversation, or was taken out',
    description:
      'For the person who left it is the end: forget the conversation. As the answer to `conversation_leave` it says ' +
      'only that the view is closed on this connection.',
    to: 'The participants and the person who left; as an answer, the connection that asked.',
    payload: ConversationMemberSchema,
    example: { conversation_id, user_id: DUPONT },
  },
  sync: {
    summary: 'What was missed, as the answer to `sync`',
    to: ASKER,
    payload: SyncResultSchema,
    example: example.SYNC_RESULT,
  },
  sync_required: {
    summary: 'Live events may be missing: sync from the kept cursor',
    description: 'The connection stays.',
    to: 'The connections that may have missed events.',
    payload: SyncRequiredSchema,
    example: { reason: 'missed_events' },
  },
  pong: {
    summary: 'The time of the service, as the answer to `ping`',
    to: ASKER,
    payload: PongSchema,
    example: { timestamp: SENT_AT },
  },
  unauthorized: {
    summary: 'Access has ended; the connection is closed after it',
    to: 'The connection.',
    payload: UnauthorizedSchema,
    example: { reason: 'token_expired' },
  },
  error: {
    summary: 'A refusal that no acknowledgement carries',
    description: 'The answer to an event without a callback, or the reason why the connection is closed after it.',
    to: 'The connection.',
    payload: SocketErrorSchema,
    example: {
      error_code: 'VALIDATION_FAILED',
      message: 'Certains champs ne sont pas valides.',
      details: { errors: [{ field: 'content', message: 'content must be …' }] },
    },
  },
};
