import { hash } from 'node:crypto';
import type { MessageDraft } from '../message-store/message';

type Body = Pick<MessageDraft, 'content' | 'type' | 'replyTo' | 'metadata'>;

/**
 * Tells a resend from another message under the same key, also after edits (contract 3: "content as first sent").
 * Salted with the message id, so that equal texts do not show as equal hashes.
 */
export function bodyHash(messageId: string, { content, type, replyTo, metadata }: Body): string {
  const sorted = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  return hash('sha256', messageId + JSON.stringify([content, type, replyTo, sorted]), 'base64url').slice(0, 22);
}
