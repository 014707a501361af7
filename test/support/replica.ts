import type { ConversationPayload, MessagePayload, SyncEvent, SyncResult } from '../../src/contract/payloads';

interface Place {
  conversation_id: string;
  message_id: string;
  seq: number;
}

/** What a client keeps: it knows the protocol and nothing of the server. */
export class Replica {
  readonly conversations = new Map<string, ConversationPayload>();
  /** Per conversation: seq → content, null for a deleted message. */
  readonly messages = new Map<string, Map<number, string | null>>();
  /** Per conversation: user → how far they have read. */
  readonly readBy = new Map<string, Map<string, number>>();
  cursor = '';
  events = 0;

  /** Asks until there is nothing more, as the protocol says. */
  async catchUp(ask: (since: string) => Promise<SyncResult>): Promise<void> {
    for (;;) {
      const answer = await ask(this.cursor);
      for (const event of answer.events) this.apply(event);
      this.cursor = answer.cursor;
      if (!answer.has_more) return;
    }
  }

  private apply({ type, data }: SyncEvent): void {
    this.events += 1;
    if (type === 'conversation_created' || type === 'conversation_updated') {
      const conversation = data as ConversationPayload;
      this.conversations.set(conversation.conversation_id, conversation);
      for (const { user_id, last_read_seq } of conversation.participant_details) {
        this.noteRead(conversation.conversation_id, user_id, last_read_seq);
      }
    } else if (type === 'conversation_left') {
      const { conversation_id } = data as Place;
      this.conversations.delete(conversation_id);
      this.messages.delete(conversation_id);
      this.readBy.delete(conversation_id);
    } else if (type === 'message_received' || type === 'message_updated') {
      const { conversation_id, seq, content } = data as MessagePayload;
      of(this.messages, conversation_id).set(seq, content);
    } else if (type === 'message_deleted') {
      const { conversation_id, seq } = data as Place;
      of(this.messages, conversation_id).set(seq, null);
    } else if (type === 'message_read') {
      const { conversation_id, seq, read_by } = data as Place & { read_by: string };
      this.noteRead(conversation_id, read_by, seq);
    }
  }

  private noteRead(conversationId: string, userId: string, seq: number): void {
    const positions = of(this.readBy, conversationId);
    positions.set(userId, Math.max(seq, positions.get(userId) ?? 0));
  }
}

function of<K, V>(maps: Map<string, Map<K, V>>, key: string): Map<K, V> {
  const map = maps.get(key) ?? new Map<K, V>();
  maps.set(key, map);
  return map;
}
