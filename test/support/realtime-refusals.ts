import { randomUUID } from 'node:crypto';
import type { ClientEvent } from '../../src/asyncapi/event-types';
import type { ErrorCode } from '../../src/contract/error-codes';
import { aParent, aStudent, aTeacher, idOf } from './people';
import type { Stage } from './realtime-walk';
import { connectAs, type TestSocket } from './socket-client';
import { tokenFor } from './tokens';

/** What is refused; the teacher sends it where nobody else is named. */
interface Attempt {
  readonly input: object;
  readonly by?: TestSocket;
}
type Refusals = Readonly<Partial<Record<ErrorCode, (stage: Stage) => Promise<Attempt> | Attempt>>>;

const noConversation = (): Attempt => ({ input: { conversation_id: randomUUID() } });
const noMessage = (): Attempt => ({ input: { message_id: randomUUID() } });

/** A parent's message; what the teacher may not do with it is refused. */
async function anothers({ school, parent, conversationId }: Stage): Promise<string> {
  const { body } = await school.send(parent.person, conversationId);
  return body.message_id ?? '';
}

/** A teacher who becomes a parent may no longer write to parents. */
async function afterTheRole(stage: Stage): Promise<Attempt> {
  const { service, school } = stage;
  const [parent, changing] = [aParent(), aTeacher()];
  await school.meet(parent, changing);
  const { socket } = await stage.enter(changing);
  const body = { recipient_id: idOf(parent), content: 'bonjour' };
  const sent = await service.call('POST', '/api/v1/messages/send', { as: changing, body });
  await school.sync(changing, { role: 'parent' });
  return { by: socket, input: { message_id: sent.body.message_id, content: 'bonsoir' } };
}

/** One refusal for every code that the document gives to an event, besides those that all have. */
export const REFUSALS: Readonly<Record<ClientEvent, Refusals>> = {
  authentication: {
    AUTH_FAILED: () => ({ input: { token: 'wrong' } }),
    FORBIDDEN: () => ({ input: { token: tokenFor({ user_id: 'attendance-service', role: 'service' }) } }),
    TOO_MANY_CONNECTIONS: async (stage) => {
      const person = aParent();
      for (let devices = 0; devices < 5; devices += 1) await connectAs(stage.service.url, person);
      return { by: (await stage.strangers()).socket, input: { token: tokenFor(person) } };
    },
  },
  message: {
    FORBIDDEN: ({ conversationId: conversation_id }) => ({
      input: { conversation_id, content: 'avis', message_type: 'system' },
    }),
    ROLE_NOT_ALLOWED: async (stage) => {
      const [student, other] = [aStudent(), aStudent()];
      await stage.school.meet(student, other);
      const { socket } = await stage.enter(student);
      return { by: socket, input: { recipient_id: idOf(other), content: 'bonjour' } };
    },
    CONVERSATION_NOT_FOUND: () => ({ input: { conversation_id: randomUUID(), content: 'bonjour' } }),
    RECIPIENT_NOT_FOUND: () => ({ input: { recipient_id: 'nobody', content: 'bonjour' } }),
    MESSAGE_NOT_FOUND: ({ conversationId: conversation_id }) => ({
      input: { conversation_id, content: 'bonjour', reply_to: randomUUID() },
    }),
    CONFLICT: async ({ witness, teacher, conversationId: conversation_id }) => {
      const key = { conversation_id, client_message_id: 'taken' };
      await witness.ask(teacher.socket, 'message', { ...key, content: 'bonjour' });
      return { input: { ...key, content: 'bonsoir' } };
    },
  },
  message_read: { MESSAGE_NOT_FOUND: noMessage },
  message_delivered: {
    MESSAGE_NOT_FOUND: noMessage,
    CONVERSATION_NOT_FOUND: () => ({ input: { conversation_id: randomUUID(), seq: 1 } }),
  },
  message_typing: { CONVERSATION_NOT_FOUND: noConversation },
  message_stop_typing: { CONVERSATION_NOT_FOUND: noConversation },
  message_edit: {
    MESSAGE_NOT_FOUND: () => ({ input: { message_id: randomUUID(), content: 'bonsoir' } }),
    FORBIDDEN: async (stage) => ({ input: { message_id: await anothers(stage), content: 'bonsoir' } }),
    EDIT_WINDOW_CLOSED: async (stage) => {
      const message_id = await stage.message();
      await stage.witness.ask(stage.teacher.socket, 'message_delete', { message_id });
      return { input: { message_id, content: 'bonsoir' } };
    },
    ROLE_NOT_ALLOWED: afterTheRole,
  },
  message_delete: {
    MESSAGE_NOT_FOUND: noMessage,
    FORBIDDEN: async (stage) => ({ input: { message_id: await anothers(stage) } }),
  },
  conversation_join: { CONVERSATION_NOT_FOUND: noConversation },
  conversation_leave: {},
  user_status_change: {},
  sync: {},
  ping: {},
};

/** Codes for which a test would have to break the service or its directory. */
export const NOT_PROVOKED: readonly ErrorCode[] = ['PROCESSING_ERROR', 'DATABASE_UNAVAILABLE', 'RECIPIENT_NOT_FOUND'];
/** Provoked by other tests here: of every event that has them. */
export const OF_ALL: readonly ErrorCode[] = ['AUTH_REQUIRED', 'VALIDATION_FAILED', 'RATE_LIMITED'];
