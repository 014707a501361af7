import { SendMessageDto } from '../messages/dto/send-message.dto';
import { MarkReadResultSchema, MessageSchema } from '../openapi/message.schema';
import {
  AuthenticatedSchema,
  ConversationMemberSchema,
  DeliveredResultSchema,
  PongSchema,
  TypingTakenSchema,
} from '../openapi/socket-event.schema';
import {
  MessageDeleteInputSchema,
  MessageDeliveredInputSchema,
  MessageEditInputSchema,
  MessageReadInputSchema,
} from '../openapi/socket-input.schema';
import { SyncResultSchema } from '../openapi/sync.schema';
import { OwnStatusSchema } from '../openapi/user.schema';
import { AuthenticationDto } from '../realtime/dto/authentication.dto';
import { ConversationDto } from '../realtime/dto/conversation.dto';
import { PingDto } from '../realtime/dto/ping.dto';
import { UserStatusDto } from '../realtime/dto/user-status.dto';
import { SyncQueryDto } from '../sync/dto/sync-query.dto';
import type { ClientEvent, ClientEventEntry } from './event-types';
import * as example from './examples';

const { CONVERSATION_ID: conversation_id, MESSAGE_ID: message_id, MARIE, SENT_AT } = example;

/** Every event of clients. One that the contract names and this does not fails to compile. */
export const CLIENT_EVENT_ENTRIES: { readonly [E in ClientEvent]: ClientEventEntry<E> } = {
  authentication: {
    summary: 'Say who is here, or renew the token',
    description:
      'Ends the empty state of a connection that came without a token; later it renews the token of the same user ' +
      'without a reconnect. The token of another user is refused and changes nothing.',
    input: AuthenticationDto,
    example: { token: 'eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjo0Mn0.…' },
    data: AuthenticatedSchema,
    dataExample: {
      user_info: { user_id: MARIE, username: 'marie.martin', display_name: 'Marie Martin', role: 'parent' },
      timestamp: SENT_AT,
    },
    errors: ['AUTH_FAILED', 'FORBIDDEN', 'TOO_MANY_CONNECTIONS'],
  },
  message: {
    summary: 'Send a message',
    description:
      'Answered once it is durable. The same client_message_id again answers the first message, however often: resend ' +
      'until there is an answer. Either conversation_id or recipient_id; the latter finds or opens the direct conversation.',
    input: SendMessageDto,
    example: { conversation_id, content: 'Bonjour !', metadata: { subject: 'maths' }, client_message_id: 'b3f0c0de-1' },
    data: MessageSchema,
    dataExample: example.SENT_MESSAGE,
    errors: [
      'FORBIDDEN',
      'ROLE_NOT_ALLOWED',
      'CONVERSATION_NOT_FOUND',
      'RECIPIENT_NOT_FOUND',
      'MESSAGE_NOT_FOUND',
      'CONFLICT',
    ],
  },
  message_read: {
    summary: 'Mark a message and all before it as read',
    description: 'Reading is receiving. Never moves back; again it answers the same read_at.',
    input: MessageReadInputSchema,
    example: { message_id },
    data: MarkReadResultSchema,
    dataExample: { success: true, message_id, conversation_id, read_at: example.READ_AT, unread_count: 0 },
    errors: ['MESSAGE_NOT_FOUND'],
  },
  message_delivered: {
    summary: 'A message and all before it have reached this device',
    input: MessageDeliveredInputSchema,
    example: { conversation_id, seq: 12 },
    data: DeliveredResultSchema,
    dataExample: { conversation_id, seq: 12 },
    errors: ['MESSAGE_NOT_FOUND', 'CONVERSATION_NOT_FOUND'],
  },
  message_typing: {
    summary: 'The user is typing',
    description: 'Relayed at most once per 2 s and never stored; ends by itself 6 s after the last event.',
    input: ConversationDto,
    example: { conversation_id },
    data: TypingTakenSchema,
    dataExample: { conversation_id },
    errors: ['CONVERSATION_NOT_FOUND'],
  },
  message_stop_typing: {
    summary: 'The user has stopped typing',
    input: ConversationDto,
    example: { conversation_id },
    data: TypingTakenSchema,
    dataExample: { conversation_id },
    errors: ['CONVERSATION_NOT_FOUND'],
  },
  message_edit: {
    summary: 'Give an own message another text',
    description: 'Within MESSAGE_EDIT_WINDOW_MINUTES; earlier texts are kept.',
    input: MessageEditInputSchema,
    example: { message_id, content: 'Bonjour à tous !' },
    data: MessageSchema,
    dataExample: example.EDITED_MESSAGE,
    errors: ['MESSAGE_NOT_FOUND', 'FORBIDDEN', 'EDIT_WINDOW_CLOSED', 'ROLE_NOT_ALLOWED', 'RECIPIENT_NOT_FOUND'],
  },
  message_delete: {
    summary: 'Take the content of a message away for everybody',
    description: 'One’s own, or any as an admin of the conversation. Its place in the sequence stays.',
    input: MessageDeleteInputSchema,
    example: { message_id },
    data: MessageSchema,
    dataExample: example.DELETED_MESSAGE,
    errors: ['MESSAGE_NOT_FOUND', 'FORBIDDEN'],
  },
  conversation_join: {
    summary: 'The conversation is open on this screen',
    description: 'Messages arrive regardless: a view grants nothing.',
    input: ConversationDto,
    example: { conversation_id },
    data: ConversationMemberSchema,
    dataExample: { conversation_id, user_id: MARIE },
    errors: ['CONVERSATION_NOT_FOUND'],
  },
  conversation_leave: {
    summary: 'The conversation is no longer open on this screen',
    description: 'Leaves the view, not the conversation. Closing what is not open changes nothing.',
    input: ConversationDto,
    example: { conversation_id },
    data: ConversationMemberSchema,
    dataExample: { conversation_id, user_id: MARIE },
    errors: [],
  },
  user_status_change: {
    summary: 'Choose how one is shown while connected',
    input: UserStatusDto,
    example: { online_status: 'busy' },
    data: OwnStatusSchema,
    dataExample: example.OWN_STATUS,
    errors: [],
  },
  sync: {
    summary: 'What was missed since a cursor',
    description: 'Without since it answers the cursor of now. Ask on with the new cursor while has_more is true.',
    input: SyncQueryDto,
    example: { since: 'Yk2vJ8w1RduTgNn3pFqsLA', limit: 200 },
    data: SyncResultSchema,
    dataExample: example.SYNC_RESULT,
    errors: [],
  },
  ping: {
    summary: 'Ask for the time of the service',
    description:
      'Open to connections that nobody has authenticated yet. It keeps no connection alive: the transport does.',
    input: PingDto,
    example: { timestamp: SENT_AT },
    data: PongSchema,
    dataExample: { timestamp: SENT_AT },
    errors: [],
  },
};
