import type { Type } from '@nestjs/common';
import { getSchemaPath } from '@nestjs/swagger';
import { ANSWER_EVENTS, SERVER_EVENTS, type ErrorBody } from '../contract/socket-events';
import { PlainErrorSchema, SocketErrorSchema } from '../openapi/socket-event.schema';
import { CLIENT_EVENT_ENTRIES } from './client-events';
import type { AsyncApiMessage, JsonSchema } from './document-types';
import type { ClientEvent, ServerEvent } from './event-types';
import { CONVERSATION_ID } from './examples';
import { refTo } from './schemas';
import { SERVER_EVENT_ENTRIES } from './server-events';

type Messages = Record<string, AsyncApiMessage>;
type Schemas = Readonly<Record<string, JsonSchema>>;

export const CLIENT_EVENT_NAMES = Object.keys(CLIENT_EVENT_ENTRIES) as ClientEvent[];
export const SERVER_EVENT_NAMES = Object.keys(SERVER_EVENT_ENTRIES) as ServerEvent[];
/** @returns the event that answers, if the contract names one */
export const answerTo = (event: ClientEvent): ServerEvent | undefined =>
  (ANSWER_EVENTS as Partial<Record<ClientEvent, ServerEvent>>)[event];

const REFUSAL = {
  error_code: 'RATE_LIMITED',
  error_message: 'Trop de demandes : réessayez un peu plus tard.',
} as const;
const REQUEST_ID: JsonSchema = {
  type: ['string', 'number'],
  maxLength: 128,
  description: 'The client’s own; the answer carries it, too.',
};
const correlationId = { location: '$message.payload#/request_id', description: 'Tells answers apart.' };
const ANSWERS: ReadonlySet<ServerEvent> = new Set([...Object.values(ANSWER_EVENTS), SERVER_EVENTS.error]);

const object = (properties: Readonly<Record<string, JsonSchema>>, required = Object.keys(properties)): JsonSchema => ({
  type: 'object',
  required,
  properties,
});

/** The payload flat beside `type` (contract 5). */
function frameSchema(schemas: Schemas, type: string, payload: Type, withRequestId: boolean): JsonSchema {
  const schema = schemas[getSchemaPath(payload).split('/').at(-1) ?? ''] ?? {};
  return {
    type: 'object',
    ...(schema.additionalProperties !== undefined && { additionalProperties: schema.additionalProperties }),
    required: ['type', ...(schema.required ?? [])],
    properties: {
      type: { const: type },
      ...schema.properties,
      ...(withRequestId && { request_id: REQUEST_ID }),
    },
  };
}

const success = (data: JsonSchema): JsonSchema =>
  object(
    {
      type: { const: 'success' },
      message: { type: 'string', description: 'For people.' },
      data,
      request_id: REQUEST_ID,
    },
    ['type', 'message', 'data'],
  );

function socketIoClientMessages(): Messages {
  const messages: Messages = {};
  for (const name of CLIENT_EVENT_NAMES) {
    const { summary, description, input, example, data, dataExample } = CLIENT_EVENT_ENTRIES[name];
    messages[`client.${name}`] = {
      name,
      summary,
      ...(description !== undefined && { description }),
      payload: refTo(input),
      examples: [{ payload: example }],
    };
    messages[`ack.${name}`] = {
      name,
      summary: `Acknowledgement of \`${name}\``,
      payload: {
        oneOf: [
          object({ ok: { const: true }, data: refTo(data) }),
          object({ ok: { const: false }, error: refTo(SocketErrorSchema) }),
        ],
      },
      examples: [{ payload: { ok: true, data: dataExample } }, { payload: { ok: false, error: REFUSED } }],
    };
  }
  return messages;
}

const REFUSED: ErrorBody = {
  error_code: REFUSAL.error_code,
  message: REFUSAL.error_message,
  details: { retry_after_ms: 1500 },
};

function socketIoServerMessages(): Messages {
  const messages: Messages = {};
  for (const name of SERVER_EVENT_NAMES) {
    const { summary, description, to, payload, example } = SERVER_EVENT_ENTRIES[name];
    messages[`server.${name}`] = {
      name,
      summary,
      ...(description !== undefined && { description }),
      payload: refTo(payload),
      examples: [{ payload: example }],
      'x-to': to,
    };
  }
  messages['handshake.refused'] = {
    name: 'connect_error',
    summary: 'The handshake is refused: `data` of the error that the client library raises',
    payload: refTo(SocketErrorSchema),
    examples: [{ payload: { error_code: 'AUTH_FAILED', message: 'Votre session n’est pas valide ou a expiré.' } }],
  };
  return messages;
}

function plainClientMessages(schemas: Schemas): Messages {
  const messages: Messages = {};
  for (const name of CLIENT_EVENT_NAMES) {
    const { summary, input, example, data, dataExample } = CLIENT_EVENT_ENTRIES[name];
    messages[`frame.client.${name}`] = {
      name,
      summary,
      payload: frameSchema(schemas, name, input, true),
      correlationId,
      examples: [{ payload: { type: name, ...example, request_id: 'r1' } }],
    };
    if (answerTo(name)) continue;
    messages[`frame.success.${name}`] = {
      name: 'success',
      summary: `Answer to \`${name}\``,
      payload: success(refTo(data)),
      correlationId,
      examples: [{ payload: { type: 'success', message: 'C’est fait.', data: dataExample, request_id: 'r1' } }],
    };
  }
  return messages;
}

function plainServerMessages(schemas: Schemas): Messages {
  const messages: Messages = {};
  for (const name of SERVER_EVENT_NAMES) {
    const { summary, to, payload, example } = SERVER_EVENT_ENTRIES[name];
    const isError = name === SERVER_EVENTS.error;
    const isAnswer = ANSWERS.has(name);
    const shown = isError ? { ...REFUSAL, details: { retry_after_ms: 1500 } } : example;
    messages[`frame.server.${name}`] = {
      name,
      summary,
      payload: frameSchema(schemas, name, isError ? PlainErrorSchema : payload, isAnswer),
      ...(isAnswer && { correlationId }),
      examples: [{ payload: { type: name, ...shown, ...(isAnswer && { request_id: 'r1' }) } }],
      'x-to': to,
    };
  }
  messages['frame.opened'] = {
    name: 'success',
    summary: 'The conversation of the path is open',
    payload: success(object({ conversation_id: { type: 'string', format: 'uuid' } })),
    examples: [
      {
        payload: {
          type: 'success',
          message: 'La conversation est ouverte.',
          data: { conversation_id: CONVERSATION_ID },
        },
      },
    ],
  };
  return messages;
}

/**
 * Everything that travels. On Socket.IO `client.E`, its acknowledgement `ack.E`, and `server.E`; on a plain WebSocket
 * the same as frames: `frame.client.E`, `frame.server.E`, and `frame.success.E` where no event answers.
 */
export const describeMessages = (schemas: Schemas): Messages => ({
  ...socketIoClientMessages(),
  ...socketIoServerMessages(),
  ...plainClientMessages(schemas),
  ...plainServerMessages(schemas),
});
