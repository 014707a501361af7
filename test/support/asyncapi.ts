import Ajv, { type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { load } from 'js-yaml';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AsyncApiDocument, JsonSchema } from '../../src/asyncapi/document-types';

const FILE = join(__dirname, '..', '..', 'docs', 'asyncapi.yaml');
/** docs/asyncapi.yaml as it is committed. */
export const committed = load(readFileSync(FILE, 'utf8')) as AsyncApiDocument;

/** A field that the document does not name is a difference, too. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, closed(inner)]));
  return copy['type'] === 'object' && copy['properties'] ? { additionalProperties: false, ...copy } : copy;
}

const ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
const components = closed(committed.components) as AsyncApiDocument['components'];
const validators = new Map<string, ValidateFunction>();

function validatorOf(key: string): ValidateFunction | undefined {
  const { payload } = components.messages[key] ?? {};
  if (!payload) return undefined;
  const known = validators.get(key) ?? ajv.compile({ ...payload, components: { schemas: components.schemas } });
  validators.set(key, known);
  return known;
}

/** @returns what of a payload the document does not say */
export function surprise(key: string, payload: unknown): string | undefined {
  const validate = validatorOf(key);
  if (!validate) return `${key} is not in the document`;
  return validate(payload) ? undefined : `${key}: ${ajv.errorsText(validate.errors)}`;
}

/** @returns a schema of the document by its reference */
export const resolve = (ref: string): JsonSchema => committed.components.schemas[ref.split('/').at(-1) ?? ''] ?? {};
/** @returns the payload of a message, its own reference followed */
export const payloadOf = (key: string): JsonSchema => {
  const { payload = {} } = committed.components.messages[key] ?? {};
  return payload.$ref === undefined ? payload : resolve(payload.$ref);
};

/** The codes with which the document lets an event be refused. */
export const codesOf = (event: string): readonly string[] =>
  committed.operations[`socketio.client.${event}`]?.['x-error-codes'] ?? [];

/** @returns the names of the messages of a kind: `client.`, `server.`, … */
export const namesOf = (kind: string): string[] =>
  Object.keys(committed.components.messages)
    .filter((key) => key.startsWith(kind))
    .map((key) => key.slice(kind.length));
