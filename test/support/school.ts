import type { ConversationPayload } from '../../src/contract/payloads';
import { idOf } from './people';
import type { Answer, TestApp } from './test-app';
import type { TestPerson } from './tokens';

export const CONVERSATIONS = '/api/v1/messages/conversations';

/** What people of a test do over REST, in short words. */
export class School {
  constructor(private readonly service: Pick<TestApp, 'call'>) {}

  /** The directory learns people from their tokens. */
  async meet(...people: TestPerson[]): Promise<void> {
    for (const person of people) await this.list(person);
  }

  /** A directory source says what a person is now. */
  async sync(person: TestPerson, change: { role?: string; is_active?: boolean }): Promise<void> {
    const user = { user_id: idOf(person), username: idOf(person), display_name: idOf(person), role: person.role };
    const body = { users: [{ ...user, ...change }] };
    const as = { user_id: 'user-service', role: 'service' };
    const answer = await this.service.call('PUT', '/api/v1/users', { as, body });
    if (answer.status !== 200) throw new Error(`sync: ${answer.text}`);
  }

  make(as: TestPerson, body: Record<string, unknown>): Promise<Answer> {
    return this.service.call('POST', CONVERSATIONS, { as, body });
  }

  /** A group of people who have met, made by the first. @returns its id */
  async group(people: readonly TestPerson[], more: Record<string, unknown> = {}): Promise<string> {
    await this.meet(...people);
    const [creator, ...others] = people;
    if (!creator) throw new Error('nobody');
    const body = { conversation_type: 'group', title: 'Classe', participant_ids: others.map(idOf), ...more };
    return idIn(await this.make(creator, body));
  }

  /** @returns the id of a support conversation */
  async support(opener: TestPerson): Promise<string> {
    return idIn(await this.make(opener, { conversation_type: 'support', title: 'Aide' }));
  }

  send(as: TestPerson, conversationId: string, content = 'bonjour'): Promise<Answer> {
    return this.service.call('POST', '/api/v1/messages/send', {
      as,
      body: { conversation_id: conversationId, content },
    });
  }

  get(as: TestPerson, conversationId: string): Promise<Answer> {
    return this.service.call('GET', `${CONVERSATIONS}/${conversationId}`, { as });
  }

  patch(as: TestPerson, conversationId: string, body: Record<string, unknown>): Promise<Answer> {
    return this.service.call('PATCH', `${CONVERSATIONS}/${conversationId}`, { as, body });
  }

  put(as: TestPerson, conversationId: string, what: 'archive' | 'mute', body: unknown): Promise<Answer> {
    return this.service.call('PUT', `${CONVERSATIONS}/${conversationId}/${what}`, { as, body });
  }

  add(as: TestPerson, conversationId: string, ...people: TestPerson[]): Promise<Answer> {
    const body = { user_ids: people.map(idOf) };
    return this.service.call('POST', `${CONVERSATIONS}/${conversationId}/participants`, { as, body });
  }

  remove(as: TestPerson, conversationId: string, person: TestPerson): Promise<Answer> {
    const path = `${CONVERSATIONS}/${conversationId}/participants/${encodeURIComponent(idOf(person))}`;
    return this.service.call('DELETE', path, { as });
  }

  history(as: TestPerson, conversationId: string, query = ''): Promise<Answer> {
    return this.service.call('GET', `/api/v1/messages/history/${conversationId}${query}`, { as });
  }

  list(as: TestPerson, query = ''): Promise<Answer> {
    return this.service.call('GET', `${CONVERSATIONS}${query}`, { as });
  }

  /** @returns the conversation as the person's list shows it */
  async listed(as: TestPerson, conversationId: string, query = ''): Promise<ConversationPayload | undefined> {
    const { body } = await this.list(as, query);
    return body.conversations?.find(({ conversation_id }) => conversation_id === conversationId);
  }
}

function idIn({ status, body, text }: Answer): string {
  if (status !== 201 || body.conversation_id === undefined) throw new Error(`not made: ${text}`);
  return body.conversation_id;
}
