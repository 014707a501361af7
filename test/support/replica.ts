import type { ConversationPayload, MessagePayload, SyncEvent, SyncResult } from '../../src/contract/payloads';
import type { TestApp } from './test-app';
import type { TestPerson } from './tokens';

type Service = Pick<TestApp, 'call'>;

/** What a service answers a person who asks for what changed. */
export const syncAs =
  (service: Service, as: TestPerson) =>
  async (since: string): Promise<SyncResult> => {
    const query = since === '' ? '' : `?since=${encodeURIComponent(since)}`;
    const { status, body, text } = await service.call('GET', `/api/v1/messages/sync${query}`, { as });
    if (status !== 200) throw new Error(text);
    return body as unknown as SyncResult;
  };

/** Everything as the history tells it: seq → content, null for a deleted message. */
export async function historyAs(service: Service, as: TestPerson, id: string): Promise<Map<number, string | null>> {
  const found = new Map<number, string | null>();
  for (let after = 0; ;) {
    const path = `/api/v1/messages/history/${id}?limit=100&after_seq=${after}`;
    const { messages = [] } = (await service.call('GET', path, { as })).body;
    for (const { seq, content, is_deleted } of messages) found.set(seq, is_deleted ? null : content);
    after = messages.at(-1)?.seq ?? after;
    if (messages.length === 0) return found;
  }
}

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
  /** Per conversation: user → how far they have received. */
  readonly deliveredTo = new Map<string, Map<string, number>>();
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

  /** One event, of an answer or live. */
  apply({ type, data }: SyncEvent): void {
    this.events += 1;
    if (type === 'conversation_created' || type === 'conversation_updated') {
      const conversation = data as ConversationPayload;
      this.conversations.set(conversation.conversation_id, conversation);
      for (const { user_id, last_read_seq, last_delivered_seq } of conversation.participant_details) {
        note(this.readBy, conversation.conversation_id, user_id, last_read_seq);
        note(this.deliveredTo, conversation.conversation_id, user_id, last_delivered_seq);
      }
    } else if (type === 'conversation_left') {
      const { conversation_id } = data as Place;
      this.conversations.delete(conversation_id);
      this.messages.delete(conversation_id);
      this.readBy.delete(conversation_id);
      this.deliveredTo.delete(conversation_id);
    } else if (type === 'message_received' || type === 'message_updated') {
      const { conversation_id, seq, content } = data as MessagePayload;
      of(this.messages, conversation_id).set(seq, content);
    } else if (type === 'message_deleted') {
      const { conversation_id, seq } = data as Place;
      of(this.messages, conversation_id).set(seq, null);
    } else if (type === 'message_read') {
      const { conversation_id, seq, read_by } = data as Place & { read_by: string };
      note(this.readBy, conversation_id, read_by, seq);
      note(this.deliveredTo, conversation_id, read_by, seq);
    } else if (type === 'message_delivered') {
      const { conversation_id, seq, delivered_to } = data as Place & { delivered_to: string };
      note(this.deliveredTo, conversation_id, delivered_to, seq);
    }
  }
}

type Positions = Map<string, Map<string, number>>;

/** Only forwards. */
function note(positions: Positions, conversationId: string, userId: string, seq: number): void {
  const known = of(positions, conversationId);
  known.set(userId, Math.max(seq, known.get(userId) ?? 0));
}

function of<K, V>(maps: Map<string, Map<K, V>>, key: string): Map<K, V> {
  const map = maps.get(key) ?? new Map<K, V>();
  maps.set(key, map);
  return map;
}
