import type { mongo } from 'mongoose';
import type { Change, Message, MessageStub } from '../message';
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

/** What is read of a message to say where it stands. */
export const STUB = { seq: 1, sender_id: 1, created_at: 1 } as const;
export type StubDocument = Pick<MessageDocument, '_id' | 'seq' | 'sender_id' | 'created_at'>;

export const toStub = (row: StubDocument): MessageStub => ({
  id: row._id,
  seq: row.seq,
  senderId: row.sender_id,
  createdAt: row.created_at,
});

/** Places of its earlier changes that a message keeps taken (see `mods`). */
const KEPT_PLACES = 200;
/** Earlier texts kept with a message. */
const KEPT_EDITS = 20;

/** @param mod the place of the change */
export function toUpdate(message: Message, change: Change, mod: number): mongo.UpdateFilter<mongo.BSON.Document> {
  const base = { mod, updated_at: change.at };
  const places = { mods: { $each: [mod], $slice: -KEPT_PLACES } };
  if (change.kind === 'edit') {
    const edit = { content: message.content, edited_at: change.at };
    return {
      $set: { ...base, content: change.content, is_edited: true },
      $push: { ...places, edits: { $each: [edit], $slice: -KEPT_EDITS } } as never,
    };
  }
  const name = change.kind === 'erase' ? { sender_name: change.senderName } : {};
  return {
    $set: { ...base, ...name, content: '', is_deleted: true },
    $push: places as never,
    $unset: { metadata: '', edits: '', body_hash: '' },
  };
}
