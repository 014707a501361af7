import { schemas } from '@asyncapi/specs';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { getMetadataStorage } from 'class-validator';
import { createHash } from 'node:crypto';
import type { AsyncApiDocument } from '../../src/asyncapi/document-types';
import type { DomainError } from '../../src/common/errors/domain-error';
import { InputPipe } from '../../src/common/validation/input.pipe';
import { CLIENT_EVENTS } from '../../src/contract/socket-events';
import { MessagingGateway } from '../../src/realtime/messaging.gateway';
import { committed, payloadOf, surprise } from '../support/asyncapi';
import { literals } from '../support/protocol';
import { startTestApp, type TestApp } from '../support/test-app';

type Dto = new () => object;

/** @returns the class that the gateway validates an event's payload with */
function dtoOf(event: string): Dto {
  const gateway = MessagingGateway.prototype as unknown as Record<string, object>;
  for (const method of Object.getOwnPropertyNames(gateway)) {
    if (Reflect.getMetadata('message', gateway[method] ?? {}) !== event) continue;
    const parameters = Reflect.getMetadata('design:paramtypes', gateway, method) as Dto[];
    const dto = parameters.find((type) => fieldsOf(type).length > 0);
    if (dto) return dto;
  }
  throw new Error(`no handler of ${event}`);
}

const fieldsOf = (dto: Dto): string[] => [
  ...new Set(
    getMetadataStorage()
      .getTargetValidationMetadatas(dto, '', false, false)
      .map((metadata) => metadata.propertyName),
  ),
];

/** @returns the fields whose absence is refused, whatever else is given */
async function requiredOf(dto: Dto): Promise<string[]> {
  const required: string[] = [];
  for (const field of fieldsOf(dto)) {
    const others = Object.fromEntries(fieldsOf(dto).map((name) => [name, name === field ? undefined : true]));
    const refused = await new InputPipe().transform(others, { type: 'body', metatype: dto }).then(
      (): string[] => [],
      (error: DomainError) => (error.details.errors ?? []).map((wrong) => wrong.field),
    );
    if (refused.includes(field)) required.push(field);
  }
  return required;
}

describe('the AsyncAPI document', () => {
  let service: TestApp;
  beforeAll(async () => {
    service = await startTestApp();
  }, 60_000);
  afterAll(() => service.stop());

  it('is what the running service says (npm run docs:asyncapi writes it)', async () => {
    const live = await fetch(`${service.url}/docs/asyncapi.json`);
    expect(await live.json()).toEqual(committed);
  });

  it('is valid AsyncAPI 3.0', () => {
    const ajv = addFormats(
      new Ajv({ strict: false, allErrors: true, logger: false, meta: false, validateSchema: false }),
    );
    const validate = ajv.compile(schemas['3.0.0'] as object);
    expect(validate(committed) ? [] : validate.errors).toEqual([]);
  });

  it.each(Object.entries(committed.components.messages))('%s has examples, and they fit', (key, { examples }) => {
    expect(examples).not.toHaveLength(0);
    for (const { payload } of examples) expect(surprise(key, payload)).toBeUndefined();
  });

  it.each(Object.values(CLIENT_EVENTS))('%s has the fields that the gateway takes', async (event) => {
    const { properties = {}, required = [] } = payloadOf(`client.${event}`);
    const dto = dtoOf(event);
    expect(Object.keys(properties).sort()).toEqual(fieldsOf(dto).sort());
    expect([...required].sort()).toEqual((await requiredOf(dto)).sort());
  });

  it('refers to nothing that is not there', () => {
    const references = JSON.stringify(committed).match(/"\$ref":"#[^"]+"/g) ?? [];
    const dangling = [...new Set(references)].filter((found) => {
      const path = found.slice('"$ref":"#/'.length, -1).split('/');
      return path.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], committed) == null;
    });
    expect(dangling).toEqual([]);
  });
});

describe('docs/PROTOCOL.md', () => {
  const text = literals();

  it.each(text)('line $line is $key', ({ key, payload }) => expect(surprise(key, payload)).toBeUndefined());

  it('shows literals and both doors', () => {
    const keys = text.map(({ key }) => key);
    expect(keys).toEqual(expect.arrayContaining(['client.message', 'ack.message', 'frame.client.message']));
    expect(text.length).toBeGreaterThan(40);
  });
});

describe('/docs/realtime', () => {
  let service: TestApp;
  let page: string;
  let answer: Response;
  beforeAll(async () => {
    service = await startTestApp();
    answer = await fetch(`${service.url}/docs/realtime`);
    page = await answer.text();
  }, 60_000);
  afterAll(() => service.stop());

  it('shows every event, every code and every object', () => {
    const document: AsyncApiDocument = committed;
    for (const key of Object.keys(document.components.messages).filter((name) => /^(client|server)\./.test(name))) {
      expect(page).toContain(`id="${key.replace('.', '-')}"`);
    }
    for (const code of Object.keys(document['x-error-codes'])) expect(page).toContain(`<code>${code}</code>`);
    for (const name of Object.keys(document.components.schemas)) expect(page).toContain(`id="object-${name}"`);
  });

  it('has no link that leads nowhere', () => {
    const targets = [...page.matchAll(/href="#([^"]+)"/g)].map(([, target]) => target);
    expect(targets.length).toBeGreaterThan(50);
    expect(targets.filter((target) => !page.includes(`id="${target}"`))).toEqual([]);
  });

  it('loads nothing, and its policy would let nothing in', () => {
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = answer.headers.get('content-security-policy') ?? '';
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'/);
    expect(policy).toContain(`'sha256-${hash}'`);
    expect(page).not.toMatch(/<(script|link|img|iframe|object|embed)\b|\bsrc=|\burl\(|@import|https?:/);
  });

  it('is found from the root and from the page of the REST API', async () => {
    const root = (await (await fetch(service.url)).json()) as { links: Record<string, string> };
    expect(root.links).toMatchObject({ realtime: '/docs/realtime', asyncapi: '/docs/asyncapi.json' });
    const rest = (await (await fetch(`${service.url}/docs-json`)).json()) as { info: { description: string } };
    expect(rest.info.description).toContain('](/docs/realtime)');
  });

  it('is off where DOCS is false', async () => {
    const silent = await startTestApp({ DOCS: 'false' });
    for (const path of ['/docs/realtime', '/docs/asyncapi.json', '/docs']) {
      expect((await fetch(silent.url + path)).status).toBe(404);
    }
    const root = (await (await fetch(silent.url)).json()) as { links: Record<string, string> };
    expect(Object.values(root.links).filter((link) => link.startsWith('/docs'))).toEqual([]);
    await silent.stop();
  });
});
