import type { INestApplication } from '@nestjs/common';
import { ERROR_CATALOG } from '../common/errors/error-catalog';
import { ERROR_CODES, type ErrorCode } from '../contract/error-codes';
import { OPEN_EVENTS } from '../contract/socket-events';
import { CLOSE_CODES } from '../realtime/doors/close-codes';
import { CLIENT_EVENT_ENTRIES } from './client-events';
import type { AsyncApiChannel, AsyncApiDocument, AsyncApiOperation, Reference } from './document-types';
import type { ClientEvent } from './event-types';
import { answerTo, CLIENT_EVENT_NAMES, describeMessages, SERVER_EVENT_NAMES } from './messages';
import { describeSchemas } from './schemas';
import { SERVER_EVENT_ENTRIES } from './server-events';

const DESCRIPTION =
  'Live events between the people of a school, over two doors that see the same messages: Socket.IO and a plain ' +
  'WebSocket. What is acknowledged is durable; live events are hints, and `sync` brings whatever was missed. ' +
  'docs/PROTOCOL.md tells how a client goes about it. Message, Conversation and the others are the objects of the REST API.';

const SOCKET_IO =
  'Namespace `/`, path `/socket.io`, transports polling and websocket. The token goes into `auth.token`, or comes by the ' +
  '`authentication` event within 10 s. Every event of a client takes a callback and answers it with `{ok: true, data}` or ' +
  '`{ok: false, error}`; without one the answer is an event, or `error`. A name that is no event is refused with ' +
  '`UNKNOWN_MESSAGE_TYPE`, a handshake by `connect_error` with `data.error_code`.';

const PLAIN =
  'One JSON object a frame, `{"type": EVENT, …payload}`, with the same events in both directions. A `request_id` comes back ' +
  'in the answer. Where no event answers: `{"type": "success", "message", "data", "request_id"}`. The token goes into ' +
  '`?token=` or `Authorization`, or comes by an `authentication` frame within 10 s. A frame that is not JSON is refused ' +
  'with `INVALID_JSON`, a type that is no event with `UNKNOWN_MESSAGE_TYPE`; after ten such in a minute the connection ends.';

const PLAIN_CONVERSATION =
  'As `/ws`, and the frames need not name the conversation. The first frame back says that it is open.';

/** Codes that every event may be refused with. */
const OF_ALL: readonly ErrorCode[] = ['VALIDATION_FAILED', 'RATE_LIMITED', 'PROCESSING_ERROR', 'DATABASE_UNAVAILABLE'];

const CLOSE_REASONS: Readonly<Record<keyof typeof CLOSE_CODES, string>> = {
  shutdown: 'The service stops: come back.',
  tryAgainLater: 'A fault on our side: come back later.',
  authentication: 'The token is missing, wrong or expired, or the person is inactive.',
  conversation: 'There is no such conversation for this person, or not any more.',
  authenticationTimeout: 'Nobody authenticated within 10 s.',
  limits: 'Too many connections, attempts or bad frames.',
};
const CLOSES: Readonly<Record<string, string>> = {
  1009: 'The frame is larger than 64 KiB; may come without an error frame.',
  ...Object.fromEntries(
    Object.entries(CLOSE_CODES).map(([name, code]) => [code, CLOSE_REASONS[name as keyof typeof CLOSE_CODES]]),
  ),
};

const WS_BINDING = {
  ws: {
    query: {
      type: 'object',
      properties: { token: { type: 'string', description: 'Access token of auth-service; never logged.' } },
    },
    bindingVersion: '0.1.0',
  },
};

const ref = (...path: string[]): Reference => ({ $ref: `#/${path.join('/')}` });

/** @returns the codes with which an event of clients may be refused */
function errorsOf(event: ClientEvent): readonly ErrorCode[] {
  const entry: ErrorCode[] = OPEN_EVENTS.includes(event) ? [] : ['AUTH_REQUIRED'];
  return [...CLIENT_EVENT_ENTRIES[event].errors, ...entry, ...OF_ALL];
}

/** One door: what clients send with its answers, and what the service sends by itself. */
function operationsOf(
  channel: string,
  sent: string,
  received: string,
  answersOf: (event: ClientEvent) => readonly string[],
): Record<string, AsyncApiOperation> {
  const messageOf = (key: string): Reference => ref('channels', channel, 'messages', key);
  const operations: Record<string, AsyncApiOperation> = {};
  for (const event of CLIENT_EVENT_NAMES) {
    operations[`${channel}.client.${event}`] = {
      action: 'receive',
      channel: ref('channels', channel),
      summary: CLIENT_EVENT_ENTRIES[event].summary,
      messages: [messageOf(`${sent}.${event}`)],
      reply: { channel: ref('channels', channel), messages: answersOf(event).map(messageOf) },
      'x-error-codes': errorsOf(event),
    };
  }
  for (const event of SERVER_EVENT_NAMES) {
    operations[`${channel}.server.${event}`] = {
      action: 'send',
      channel: ref('channels', channel),
      summary: SERVER_EVENT_ENTRIES[event].summary,
      messages: [messageOf(`${received}.${event}`)],
    };
  }
  return operations;
}

function describeOperations(): AsyncApiDocument['operations'] {
  const socketIo = operationsOf('socketio', 'client', 'server', (event) => {
    const answer = answerTo(event);
    return [`ack.${event}`, ...(answer ? [`server.${answer}`] : []), 'server.error'];
  });
  const plain = operationsOf('ws', 'frame.client', 'frame.server', (event) => {
    const answer = answerTo(event);
    return [answer ? `frame.server.${answer}` : `frame.success.${event}`, 'frame.server.error'];
  });
  const opened: AsyncApiOperation = {
    action: 'send',
    channel: ref('channels', 'wsConversation'),
    summary: 'The conversation of the path is open',
    messages: [ref('channels', 'wsConversation', 'messages', 'frame.opened')],
  };
  return { ...socketIo, ...plain, 'wsConversation.opened': opened };
}

function describeChannels(messages: readonly string[]): Record<string, AsyncApiChannel> {
  const only = (belongs: (key: string) => boolean): Record<string, Reference> =>
    Object.fromEntries(messages.filter(belongs).map((key) => [key, ref('components', 'messages', key)]));
  const plain = { servers: [ref('servers', 'plain')], bindings: WS_BINDING, 'x-close-codes': CLOSES };
  return {
    socketio: {
      address: '/',
      title: 'Socket.IO',
      description: SOCKET_IO,
      servers: [ref('servers', 'socketio')],
      messages: only((key) => !key.startsWith('frame.')),
    },
    ws: {
      address: '/ws',
      title: 'Plain WebSocket',
      description: PLAIN,
      ...plain,
      messages: only((key) => key.startsWith('frame.') && key !== 'frame.opened'),
    },
    wsConversation: {
      address: '/ws/conversation/{conversation_id}',
      title: 'Plain WebSocket of one conversation',
      description: PLAIN_CONVERSATION,
      ...plain,
      parameters: { conversation_id: { description: 'A conversation of the person.' } },
      messages: only((key) => key === 'frame.opened'),
    },
  };
}

/** @returns the AsyncAPI document of the two doors, the same for every deployment of a version */
export function createAsyncApiDocument(app: INestApplication, version: string): AsyncApiDocument {
  const schemas = describeSchemas(app);
  const messages = describeMessages(schemas);
  const security = [ref('components', 'securitySchemes', 'bearer'), ref('components', 'securitySchemes', 'token')];
  const server = { host: 'localhost:8007', security };
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'PresencePro messaging service, live',
      version,
      description: DESCRIPTION,
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    defaultContentType: 'application/json',
    servers: {
      socketio: { ...server, protocol: 'socketio', protocolVersion: '5', pathname: '/socket.io' },
      plain: { ...server, protocol: 'ws' },
    },
    channels: describeChannels(Object.keys(messages)),
    operations: describeOperations(),
    'x-error-codes': Object.fromEntries(ERROR_CODES.map((code) => [code, ERROR_CATALOG[code].detail.en])),
    components: {
      messages,
      schemas,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Access token of auth-service.' },
        token: {
          type: 'httpApiKey',
          in: 'query',
          name: 'token',
          description: 'The same where headers cannot be set; on Socket.IO better `auth.token`.',
        },
      },
    },
  };
}
