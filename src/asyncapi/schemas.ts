import type { INestApplication, Type } from '@nestjs/common';
import { DocumentBuilder, getSchemaPath, SwaggerModule } from '@nestjs/swagger';
import { SYNC_EVENT_TYPES } from '../contract/payloads';
import { PlainErrorSchema, SocketErrorSchema } from '../openapi/socket-event.schema';
import { CLIENT_EVENT_ENTRIES } from './client-events';
import type { JsonSchema } from './document-types';
import { SERVER_EVENT_ENTRIES } from './server-events';

/** Stands for the modules whose routes the document shows: none. */
class NoModule {}

/** What OpenAPI 3.0 says otherwise than JSON Schema. */
interface OpenApiSchema extends JsonSchema {
  readonly nullable?: boolean;
  readonly example?: unknown;
}

export const refTo = (type: Type): JsonSchema => ({ $ref: getSchemaPath(type) });

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

function toJsonSchema({ nullable, example, ...schema }: OpenApiSchema): JsonSchema {
  const { properties, items, additionalProperties, type, enum: values } = schema;
  return {
    ...schema,
    ...(properties && { properties: mapValues(properties, toJsonSchema) }),
    ...(items && { items: toJsonSchema(items) }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: toJsonSchema(additionalProperties) }),
    ...(nullable && typeof type === 'string' && { type: [type, 'null'] }),
    ...(nullable && values && { enum: [...values, null] }),
    ...(example !== undefined && { examples: [example] }),
  };
}

/** Each event of a `sync` with the payload that it has on a socket. */
const syncEvent = (): JsonSchema => ({
  description: 'A server event as on a socket.',
  oneOf: SYNC_EVENT_TYPES.map((type) => ({
    type: 'object',
    required: ['type', 'data'],
    properties: { type: { const: type }, data: refTo(SERVER_EVENT_ENTRIES[type].payload) },
  })),
});

/**
 * Reads the classes as Swagger does for REST, so that a schema has one place.
 * @returns JSON Schemas by name; inputs are closed, because a field that is not known is refused
 */
export function describeSchemas(app: INestApplication): Record<string, JsonSchema> {
  const inputs: Type[] = Object.values(CLIENT_EVENT_ENTRIES).map(({ input }) => input);
  const data: Type[] = Object.values(CLIENT_EVENT_ENTRIES).map((entry) => entry.data);
  const payloads: Type[] = Object.values(SERVER_EVENT_ENTRIES).map(({ payload }) => payload);
  const extraModels = [...inputs, ...data, ...payloads, SocketErrorSchema, PlainErrorSchema];
  const { components } = SwaggerModule.createDocument(app, new DocumentBuilder().build(), {
    include: [NoModule],
    extraModels,
  });
  const schemas = mapValues(components?.schemas as Record<string, OpenApiSchema>, toJsonSchema);
  for (const name of inputs.map((input) => getSchemaPath(input).split('/').at(-1) ?? '')) {
    schemas[name] = { ...schemas[name], additionalProperties: false };
  }
  return { ...schemas, SyncEvent: syncEvent() };
}
