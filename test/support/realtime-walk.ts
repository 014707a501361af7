import type { ClientEvent, ServerEvent } from '../../src/asyncapi/event-types';
import { SyncCaller } from '../../src/realtime/nodes/sync-caller';
import { aParent, aTeacher, idOf } from './people';
import { PlainClient } from './plain-client';
import { School } from './school';
import { connectAs, connected, rawSocket, type TestSocket } from './socket-client';
import type { TestApp } from './test-app';
import { tokenFor, type TestPerson } from './tokens';
import { Witness } from './witness';

/** A person with a device on either door, both watched. */
export interface Present {
  readonly person: TestPerson;
  readonly socket: TestSocket;
  readonly plain: PlainClient;
}

/** A parent and a teacher who write to each other, on both doors at once. */
export class Stage {
  readonly witness = new Witness();
  readonly school: School;
  parent: Present;
  teacher: Present;
  /** Their direct conversation. */
  conversationId: string;
  private readonly opened: { close(): unknown }[] = [];

  constructor(readonly service: TestApp) {
    this.school = new School(service);
  }

  async open(): Promise<this> {
    const [parent, teacher] = [aParent(), aTeacher()];
    await this.school.meet(parent, teacher);
    const body = { recipient_id: idOf(parent), content: 'bonjour' };
    const first = await this.service.call('POST', '/api/v1/messages/send', { as: teacher, body });
    this.conversationId = first.body.conversation_id ?? '';
    this.parent = await this.enter(parent);
    this.teacher = await this.enter(teacher);
    return this;
  }

  close(): void {
    for (const client of this.opened.splice(0)) client.close();
  }

  async enter(person: TestPerson): Promise<Present> {
    const socket = this.keep(await connectAs(this.service.url, person));
    this.witness.watch(socket);
    const plain = this.keep(await PlainClient.as(this.service.url, person));
    plain.frames.length = 0; // the answer to its first ping, which nobody here has asked
    this.witness.watchPlain(plain);
    return { person, socket, plain };
  }

  /** Two devices that nobody has authenticated yet. */
  async strangers(): Promise<Omit<Present, 'person'>> {
    const socket = this.keep(rawSocket(this.service.url));
    this.witness.watch(socket);
    await connected(socket);
    const plain = this.keep(await PlainClient.open(this.service.url));
    this.witness.watchPlain(plain);
    return { socket, plain };
  }

  /** On `/ws/conversation/{id}`. */
  async openConversation(): Promise<void> {
    const path = `/ws/conversation/${this.conversationId}?token=${tokenFor(this.parent.person)}`;
    const plain = this.keep(await PlainClient.open(this.service.url, path));
    const opened = this.witness.next('frame.opened');
    this.witness.watchPlain(plain);
    await opened;
  }

  /** A handshake with a wrong token. */
  async refusedHandshake(): Promise<void> {
    const socket = this.keep(rawSocket(this.service.url, { token: 'wrong' }));
    const refused = this.witness.next('handshake.refused');
    this.witness.watch(socket);
    await refused;
  }

  /** @returns the id of a new message of the teacher to the parent */
  async message(content = 'bonjour'): Promise<string> {
    const { body } = await this.school.send(this.teacher.person, this.conversationId, content);
    return body.message_id ?? '';
  }

  group(): Promise<string> {
    return this.school.group([this.teacher.person, this.parent.person]);
  }

  private keep<T extends { close(): unknown }>(client: T): T {
    this.opened.push(client);
    return client;
  }
}

/** What the teacher sends, one valid input for every event of clients. */
export const CLIENT_INPUTS: Readonly<Record<ClientEvent, (stage: Stage) => object | Promise<object>>> = {
  authentication: ({ teacher }) => ({ token: tokenFor(teacher.person) }),
  message: ({ conversationId: conversation_id }) => ({
    conversation_id,
    content: 'bonjour',
    metadata: { subject: 'maths', page: 12, urgent: false, note: null },
    client_message_id: `k${Math.random()}`,
  }),
  message_read: async (stage) => ({ message_id: await stage.message() }),
  message_delivered: ({ conversationId: conversation_id }) => ({ conversation_id, seq: 1 }),
  message_typing: ({ conversationId: conversation_id }) => ({ conversation_id }),
  message_stop_typing: ({ conversationId: conversation_id }) => ({ conversation_id }),
  message_edit: async (stage) => ({ message_id: await stage.message(), content: 'bonsoir' }),
  message_delete: async (stage) => ({ message_id: await stage.message() }),
  conversation_join: ({ conversationId: conversation_id }) => ({ conversation_id }),
  conversation_leave: ({ conversationId: conversation_id }) => ({ conversation_id }),
  user_status_change: () => ({ online_status: 'busy' }),
  sync: () => ({ limit: 200 }),
  ping: () => ({ timestamp: '2026-11-23T09:41:00.000Z' }),
};

/** How an answer event is provoked: asked for without a callback on Socket.IO, and on the plain door. */
const answerTo =
  (event: ClientEvent) =>
  async (stage: Stage): Promise<void> => {
    const { socket, plain } = stage.teacher;
    stage.witness.tell(socket, event, await CLIENT_INPUTS[event](stage));
    await stage.witness.askPlain(plain, event, await CLIENT_INPUTS[event](stage));
  };

/** A start after a stop is told at once. */
async function startTyping({ witness, teacher, conversationId: conversation_id }: Stage): Promise<void> {
  await witness.ask(teacher.socket, 'message_stop_typing', { conversation_id });
  await witness.ask(teacher.socket, 'message_typing', { conversation_id });
}

/** Somebody whom the teacher knows comes. */
async function acquaintance(stage: Stage): Promise<Present> {
  const person = aParent();
  await stage.school.group([stage.teacher.person, person]);
  return stage.enter(person);
}

/**
 * What makes every event of the service come, on both doors: the place to add a case for a new one. An event without a
 * case neither compiles nor passes.
 */
export const SERVER_EVENT_CASES: Readonly<Record<ServerEvent, (stage: Stage) => unknown>> = {
  authenticated: async (stage) => {
    const { socket, plain } = await stage.strangers();
    const [token, other] = [tokenFor(aParent()), tokenFor(aParent())];
    stage.witness.tell(socket, 'authentication', { token });
    await stage.witness.askPlain(plain, 'authentication', { token: other });
  },
  message_sent: answerTo('message'),
  message_received: (stage) => stage.message(),
  message_read: async (stage) =>
    stage.witness.ask(stage.parent.socket, 'message_read', { message_id: await stage.message() }),
  message_delivered: async (stage) =>
    stage.witness.ask(stage.parent.socket, 'message_delivered', { message_id: await stage.message() }),
  message_typing: startTyping,
  message_stop_typing: async (stage) => {
    await startTyping(stage);
    const { witness, teacher, conversationId: conversation_id } = stage;
    await witness.ask(teacher.socket, 'message_stop_typing', { conversation_id });
  },
  message_updated: async (stage) =>
    stage.witness.ask(stage.teacher.socket, 'message_edit', { message_id: await stage.message(), content: 'bonsoir' }),
  message_deleted: async (stage) =>
    stage.witness.ask(stage.teacher.socket, 'message_delete', { message_id: await stage.message() }),
  user_online: acquaintance,
  user_offline: async (stage) => {
    const { socket, plain } = await acquaintance(stage);
    socket.close();
    plain.close();
  },
  user_status_change: ({ witness, parent }) =>
    witness.ask(parent.socket, 'user_status_change', { online_status: 'away' }),
  conversation_created: (stage) => stage.group(),
  conversation_updated: async (stage) =>
    stage.school.patch(stage.teacher.person, await stage.group(), { title: 'Classe 4B', description: 'Devoirs' }),
  conversation_joined: async (stage) => {
    const third = aParent();
    await stage.school.meet(third);
    await stage.school.add(stage.teacher.person, await stage.group(), third);
    await answerTo('conversation_join')(stage);
  },
  conversation_left: async (stage) => {
    await stage.school.remove(stage.teacher.person, await stage.group(), stage.parent.person);
    await answerTo('conversation_leave')(stage);
  },
  sync: answerTo('sync'),
  sync_required: ({ service }) => service.app.get(SyncCaller, { strict: false }).everybody(),
  pong: answerTo('ping'),
  unauthorized: async (stage) => {
    const { person } = await stage.enter(aParent());
    await stage.school.sync(person, { is_active: false });
  },
  error: ({ witness, teacher }) => {
    witness.tell(teacher.socket, 'nothing', {});
    teacher.plain.send({ type: 'nothing' });
  },
};
