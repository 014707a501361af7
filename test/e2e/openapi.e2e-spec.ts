import Ajv, { type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOpenApiDocument } from '../../src/openapi/document';
import { aParent, aStudent, aTeacher, anAdmin, idOf } from '../support/people';
import { arbitraryOf, type Known, type Schema } from '../support/schema-arbitrary';
import { startTestApp, type Answer, type TestApp } from '../support/test-app';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
}
type Content = Readonly<Record<string, { schema?: Schema }>>;
interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { content: Content };
  readonly responses: Readonly<Record<string, { content?: Content }>>;
  readonly security?: readonly unknown[];
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { schemas: Record<string, Schema & { additionalProperties?: unknown }> };
}

const FILE = join(__dirname, '..', '..', 'docs', 'openapi.json');
const committed = JSON.parse(readFileSync(FILE, 'utf8')) as Document;
const operations = Object.entries(committed.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
);
const RUNS = 25;

/** A field that the document does not name is a difference, too. */
function closed(document: Document): Document {
  const copy = structuredClone(document);
  for (const schema of Object.values(copy.components.schemas)) {
    if (schema.type === 'object' && schema.properties) schema.additionalProperties ??= false;
  }
  return copy;
}

const ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
const { components } = closed(committed);
const validators = new Map<string, ValidateFunction>();
function validatorOf(key: string, schema: Schema): ValidateFunction {
  const known = validators.get(key) ?? ajv.compile({ ...schema, components });
  validators.set(key, known);
  return known;
}

/** @returns what of an answer the document does not say */
function surprise(operation: Operation, answer: Answer): string | undefined {
  const documented = operation.responses[String(answer.status)];
  if (!documented) return `status ${answer.status}: ${answer.text}`;
  const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
  const content = documented.content?.[type];
  if (!content) return answer.text === '' ? undefined : `status ${answer.status} with ${type || 'no type'}`;
  if (!content.schema || !type.endsWith('json')) return undefined;
  const validate = validatorOf(`${operation.operationId} ${answer.status}`, content.schema);
  return validate(JSON.parse(answer.text)) ? undefined : `status ${answer.status}: ${ajv.errorsText(validate.errors)}`;
}

describe('the OpenAPI document', () => {
  let service: TestApp;
  let known: Known;
  const people = [aParent(), aTeacher(), aStudent(), anAdmin()] as const;
  const sibling = { user_id: 'attendance-service', role: 'service' };

  beforeAll(async () => {
    service = await startTestApp({ RATE_LIMIT_EVENTS_PER_SECOND: '1000000' });
    const [parent, teacher] = people;
    for (const as of people) await service.call('GET', '/api/v1/messages/conversations', { as });
    const sent = await service.call('POST', '/api/v1/messages/send', {
      as: parent,
      body: { recipient_id: idOf(teacher), content: 'bonjour' },
    });
    const group = await service.call('POST', '/api/v1/messages/conversations', {
      as: teacher,
      body: { participant_ids: people.map(idOf), conversation_type: 'group', title: 'Classe' },
    });
    const conversations = [sent.body.conversation_id ?? '', group.body.conversation_id ?? ''];
    const messages = [sent.body.message_id ?? ''];
    const users = people.map(idOf);
    known = {
      conversation_id: conversations,
      message_id: messages,
      before_message_id: messages,
      reply_to: messages,
      user_id: users,
      recipient_id: users,
      participant_id: users,
      q: ['par', 'te'],
    };
  }, 60_000);
  afterAll(() => service.stop());

  it('is what the running service says (npm run docs:openapi writes it)', async () => {
    const live = await fetch(`${service.url}/docs-json`);
    expect(await live.json()).toEqual(committed);
  });

  it('gives each schema a name of its own', () => {
    const warn = jest.spyOn(Logger, 'warn').mockImplementation();
    createOpenApiDocument(service.app, '0.0.0');
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  it.each(operations)('$method $path: says what it is for, what it answers and how it refuses', ({ operation }) => {
    expect(operation.summary).toBeTruthy();
    const statuses = Object.keys(operation.responses);
    const success = statuses.filter((status) => status.startsWith('2'));
    expect(success).not.toHaveLength(0);
    for (const status of success) expect(operation.responses[status]?.content).toBeDefined();
    if (operation.security?.length) expect(statuses).toEqual(expect.arrayContaining(['401', '403', '500', '503']));
    if (operation.requestBody) expect(statuses).toEqual(expect.arrayContaining(['400', '413', '415']));
  });

  it.each(operations)('$method $path: answers generated input with nothing undocumented', async (route) => {
    const { method, path, operation } = route;
    const resolve = (ref: string): Schema => committed.components.schemas[ref.split('/').at(-1) ?? ''] ?? {};
    const parameters = operation.parameters ?? [];
    const body = operation.requestBody?.content['application/json']?.schema;
    const input = fc.record({
      as: fc.constantFrom(...people, ...people, sibling),
      values: fc.tuple(...parameters.map(({ name, schema }) => arbitraryOf(schema, name, resolve, known))),
      omitted: fc.tuple(...parameters.map(() => fc.boolean())),
      body: body ? arbitraryOf(body, '', resolve, known) : fc.constant(undefined),
    });
    await fc.assert(
      fc.asyncProperty(input, async ({ as, values, omitted, body: payload }) => {
        let target = path;
        const query = new URLSearchParams();
        parameters.forEach(({ name, in: place, required }, index) => {
          const value = typeof values[index] === 'string' ? values[index] : JSON.stringify(values[index] ?? 'null');
          if (place === 'path')
            target = target.replace(`{${name}}`, encodeURIComponent(Buffer.from(value).toString() || '-'));
          else if (place === 'query' && (required || !omitted[index])) query.set(name, value);
        });
        const url = query.size > 0 ? `${target}?${query.toString()}` : target;
        const answer = await service.call(method, url, { as, body: payload });
        expect(answer.status).toBeLessThan(500);
        expect(surprise(operation, answer)).toBeUndefined();
      }),
      { numRuns: RUNS },
    );
  });
});
