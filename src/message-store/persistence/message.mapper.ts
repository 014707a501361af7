import type { Message } from '../message';
import type { MessageDocument } from './message.schema';

export const toMessage = (document: MessageDocument): Message => ({
  id: document._id,
  conversationId: document.conversation_id,
  seq: document.seq,
  senderId: document.sender_id,
  senderName: document.sender_name,
  senderRole: document.sender_role,
  clientMessageId: document.client_message_id ?? null,
  bodyHash: document.body_hash ?? null,
  content: document.content,
  type: document.message_type,
  replyTo: document.reply_to ?? null,
  metadata: document.metadata ?? {},
  mod: document.mod ?? null,
  edits: (document.edits ?? []).map((edit) => ({ content: edit.content, editedAt: edit.edited_at })),
  isEdited: document.is_edited ?? false,
  isDeleted: document.is_deleted ?? false,
  createdAt: document.created_at,
  updatedAt: document.updated_at,
});

/** A new message; absent fields stay absent, the partial indexes rely on it. */
export function fromMessage(message: Message): MessageDocument {
  const document: MessageDocument = {
    _id: message.id,
    conversation_id: message.conversationId,
    seq: message.seq,
    sender_id: message.senderId,
    sender_name: message.senderName,
    sender_role: message.senderRole,
    content: message.content,
    message_type: message.type,
    created_at: message.createdAt,
    updated_at: message.updatedAt,
  };
  if (message.clientMessageId !== null) document.client_message_id = message.clientMessageId;
  if (message.bodyHash !== null) document.body_hash = message.bodyHash;
  if (message.replyTo !== null) document.reply_to = message.replyTo;
  if (Object.keys(message.metadata).length > 0) document.metadata = message.metadata;
  return document;
}
