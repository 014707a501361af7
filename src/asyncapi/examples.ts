import type { ConversationPayload, MessagePayload, OwnStatusPayload, SyncResult } from '../contract/payloads';

/** Marie Martin (42, a parent) and Prof. Dupont (7, a teacher) write to each other; one story for all examples. */
export const MARIE = '42';
export const DUPONT = '7';
export const CONVERSATION_ID = '6f1d4a52-8b0c-4a4e-9d0f-2f6f7d1c9a31';
export const MESSAGE_ID = '0b9e6c1e-5f53-4a55-9c0a-7b0f3f1d2e44';
export const SENT_AT = '2026-11-23T09:41:00.000Z';
export const READ_AT = '2026-11-23T09:41:07.250Z';
export const CURSOR = 'q3RlSg4yT2eWm0b1xk9a3A';

/** As its sender sees it at first. */
export const SENT_MESSAGE: MessagePayload = {
  message_id: MESSAGE_ID,
  conversation_id: CONVERSATION_ID,
  seq: 12,
  client_message_id: 'b3f0c0de-1',
  sender_id: MARIE,
  sender_name: 'Marie Martin',
  sender_role: 'parent',
  recipient_id: DUPONT,
  content: 'Bonjour !',
  message_type: 'text',
  status: 'sent',
  is_read: false,
  read_at: null,
  read_by: [],
  delivered_to: [],
  reply_to: null,
  attachments: [],
  metadata: { subject: 'maths' },
  created_at: SENT_AT,
  updated_at: SENT_AT,
  is_edited: false,
  is_deleted: false,
};

export const EDITED_MESSAGE: MessagePayload = {
  ...SENT_MESSAGE,
  content: 'Bonjour à tous !',
  updated_at: READ_AT,
  is_edited: true,
};

export const DELETED_MESSAGE: MessagePayload = {
  ...SENT_MESSAGE,
  content: '',
  metadata: {},
  updated_at: READ_AT,
  is_deleted: true,
};

/** As Prof. Dupont sees it. */
export const CONVERSATION: ConversationPayload = {
  conversation_id: CONVERSATION_ID,
  conversation_type: 'direct',
  participants: [MARIE, DUPONT],
  participant_count: 2,
  participant_details: [
    {
      user_id: MARIE,
      username: 'marie.martin',
      display_name: 'Marie Martin',
      role: 'parent',
      avatar_url: null,
      online_status: 'online',
      last_read_seq: 12,
      last_delivered_seq: 12,
    },
    {
      user_id: DUPONT,
      username: 'prof.dupont',
      display_name: 'Prof. Dupont',
      role: 'teacher',
      avatar_url: null,
      online_status: 'online',
      last_read_seq: 11,
      last_delivered_seq: 12,
    },
  ],
  title: null,
  description: null,
  avatar_url: null,
  posting: 'everyone',
  history: 'all',
  created_by: MARIE,
  last_message_id: MESSAGE_ID,
  last_message_content: 'Bonjour !',
  last_message_at: SENT_AT,
  last_message_by: MARIE,
  last_seq: 12,
  total_messages: 12,
  unread_count: 1,
  is_muted: false,
  muted_until: null,
  is_archived: false,
  created_at: '2026-11-20T07:30:00.000Z',
  updated_at: SENT_AT,
};

export const OWN_STATUS: OwnStatusPayload = {
  user_id: MARIE,
  username: 'marie.martin',
  display_name: 'Marie Martin',
  role: 'parent',
  avatar_url: null,
  online_status: 'busy',
  last_seen: null,
  active_connections: ['pJ0dZk3vQ2m1AAAB'],
  notification_settings: {
    email_notifications: true,
    push_notifications: true,
    sound_notifications: true,
    desktop_notifications: true,
  },
};

export const SYNC_RESULT: SyncResult = {
  events: [
    {
      type: 'message_read',
      data: { conversation_id: CONVERSATION_ID, message_id: MESSAGE_ID, seq: 12, read_by: DUPONT, read_at: READ_AT },
    },
  ],
  cursor: CURSOR,
  has_more: false,
};
