import { Body, Controller, Get, HttpCode, Param, Post, Put } from '@nestjs/common';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { IsOptional, IsString } from 'class-validator';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { runInNewContext } from 'node:vm';
import { configureApp, createFastifyAdapter } from './app.setup';
import { loadConfiguration } from './config/configuration';

class Note {
  @IsString() text: string;
  @IsOptional() extra?: unknown;
}

@Controller('api/v1')
class NotesController {
  @Get('messages/notes/:id')
  note(@Param('id') id: string): { id: string } | Promise<never> {
    if (id === 'broken') throw new TypeError('secret text');
    if (id === 'never') return new Promise(() => undefined);
    return { id };
  }

  @Post('messages/notes')
  @HttpCode(201)
  create(@Body() note: Note): Note {
    return note;
  }

  @Put('users')
  bulk(): { ok: true } {
    return { ok: true };
  }
}

let app: NestFastifyApplication;
let base: string;

interface Call {
  method: string;
  url: string;
  headers?: Record<string, string>;
  payload?: string | Buffer;
}

async function inject({ method, url, headers, payload }: Call) {
  const sent = { method, ...(headers && { headers }), ...(payload !== undefined && { body: payload }) };
  const response = await fetch(base + url, sent);
  const body = await response.text();
  const json = (): unknown => JSON.parse(body);
  return { statusCode: response.status, headers: Object.fromEntries(response.headers), body, json };
}

beforeAll(async () => {
  const env = { SECRET_KEY: 'x7'.repeat(20), CORS_ORIGINS: 'https://school.example' };
  const config = loadConfiguration(env, tmpdir());
  const module = await Test.createTestingModule({ controllers: [NotesController] }).compile();
  app = module.createNestApplication<NestFastifyApplication>(createFastifyAdapter(config, 1000), { logger: false });
  await configureApp(app, config);
  await app.listen(0, '127.0.0.1');
  base = await app.getUrl();
});
afterAll(() => app.close());

const json = { 'content-type': 'application/json' };
const post = (payload: string | Buffer, headers: Record<string, string> = json) =>
  inject({ method: 'POST', url: '/api/v1/messages/notes', payload, headers });
const codeOf = (response: { body: string }) => (JSON.parse(response.body) as { error_code?: string }).error_code;

describe('the HTTP door', () => {
  it('answers 503 in the place of a handler that never does', async () => {
    const response = await inject({ method: 'GET', url: '/api/v1/messages/notes/never' });
    expect(response.statusCode).toBe(503);
    expect(codeOf(response)).toBe('DATABASE_UNAVAILABLE');
    expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  });

  it('answers with its headers', async () => {
    const response = await inject({
      method: 'GET',
      url: '/api/v1/messages/notes/1',
      headers: { 'x-request-id': 'abc-1' },
    });
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      'x-request-id': 'abc-1',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
  });

  it('replaces a request id that is not sane', async () => {
    const response = await inject({
      method: 'GET',
      url: '/api/v1/messages/notes/1',
      headers: { 'x-request-id': 'a b' },
    });
    expect(response.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('answers the alias and names the path that was asked, without its query', async () => {
    const url = '/api/v1/messaging/notes/broken?token=abc';
    const response = await inject({ method: 'GET', url, headers: { 'accept-language': 'en' } });
    expect(response.statusCode).toBe(500);
    expect(response.headers['content-type']).toContain('application/problem+json');
    expect(response.json()).toMatchObject({
      error_code: 'PROCESSING_ERROR',
      instance: '/api/v1/messaging/notes/broken',
      request_id: response.headers['x-request-id'],
    });
    expect(response.body).not.toContain('secret');
  });

  it.each([
    ['{"text":', 400, 'INVALID_JSON'],
    ['"text"', 400, 'VALIDATION_FAILED'],
    ['[]', 400, 'VALIDATION_FAILED'],
    ['null', 400, 'VALIDATION_FAILED'],
    ['', 400, 'VALIDATION_FAILED'],
    ['{"text":"a","__proto__":{"admin":true}}', 400, 'VALIDATION_FAILED'],
    [JSON.stringify({ text: 'x'.repeat(70_000) }), 413, 'PAYLOAD_TOO_LARGE'],
    [`{"text":"a","extra":${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}}`, 400, 'VALIDATION_FAILED'],
  ])('refuses %#', async (body, status, code) => {
    const response = await post(body);
    expect([response.statusCode, codeOf(response)]).toEqual([status, code]);
  });

  it('refuses bytes that are not UTF-8', async () => {
    expect(codeOf(await post(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])))).toBe('INVALID_JSON');
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml'])(
    'takes no %s',
    async (type) => {
      const response = await post('{"text":"a"}', { 'content-type': type });
      expect([response.statusCode, codeOf(response)]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    },
  );

  it('takes no compressed body', async () => {
    for (const encoding of ['gzip', 'br', 'deflate']) {
      const response = await post('{"text":"a"}', { ...json, 'content-encoding': encoding });
      expect([response.statusCode, codeOf(response)]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    }
    expect((await post('{"text":"a"}', { ...json, 'content-encoding': 'identity' })).statusCode).toBe(201);
  });

  it('takes JSON with a charset, and large bulk calls', async () => {
    expect((await post('{"text":"é"}', { 'content-type': 'application/json; charset=utf-8' })).statusCode).toBe(201);
    const payload = JSON.stringify({ users: 'x'.repeat(200_000) });
    expect((await inject({ method: 'PUT', url: '/api/v1/users', payload, headers: json })).statusCode).toBe(200);
  });

  it('tells an unknown path from a wrong method', async () => {
    const unknown = await inject({ method: 'GET', url: '/nothing?x=1' });
    expect([unknown.statusCode, codeOf(unknown)]).toEqual([404, 'NOT_FOUND']);
    expect(unknown.json()).toMatchObject({ instance: '/nothing' });
    expect(unknown.headers['x-content-type-options']).toBe('nosniff');
    const wrong = await inject({ method: 'DELETE', url: '/api/v1/messaging/notes/1' });
    expect([wrong.statusCode, codeOf(wrong)]).toEqual([405, 'METHOD_NOT_ALLOWED']);
    expect(wrong.headers['allow']).toBe('GET, HEAD');
    expect(wrong.headers['x-content-type-options']).toBe('nosniff');
  });

  it('answers a malformed URL with a problem', async () => {
    const response = await inject({ method: 'GET', url: '/api/v1/messages/notes/%E0%A4%A' });
    expect([response.statusCode, codeOf(response)]).toEqual([404, 'NOT_FOUND']);
  });

  it('lets listed origins in, no others', async () => {
    const preflight = (origin: string) =>
      inject({
        method: 'OPTIONS',
        url: '/api/v1/messages/notes',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    expect((await preflight('https://school.example')).headers['access-control-allow-origin']).toBe(
      'https://school.example',
    );
    expect((await preflight('https://evil.example')).headers['access-control-allow-origin']).toBeUndefined();
  });

  it('answers OPTIONS that is no preflight like one', async () => {
    const response = await inject({ method: 'OPTIONS', url: '/api/v1/messages/notes' });
    expect([response.statusCode, response.body]).toEqual([204, '']);
  });

  it.each([
    ['rubbish', 'RUBBISH\r\n\r\n', 'HTTP/1.1 400 Bad Request', 'VALIDATION_FAILED'],
    [
      'headers of 20 KB',
      `GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`,
      'HTTP/1.1 413 Payload Too Large',
      'PAYLOAD_TOO_LARGE',
    ],
  ])('answers what is no HTTP with a problem: %s', async (_what, sent, status, code) => {
    const { port } = new URL(base);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(sent);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'close');
    const [head = '', body = ''] = Buffer.concat(chunks).toString('utf8').split('\r\n\r\n');
    expect(head.split('\r\n')).toEqual(
      expect.arrayContaining([status, 'content-type: application/problem+json; charset=utf-8', 'connection: close']),
    );
    expect(codeOf({ body })).toBe(code);
  });

  it.each(['/docs', '/docs/', '/docs/index.html'])(
    'serves %s and its files under a policy that lets them work',
    async (url) => {
      const page = await inject({ method: 'GET', url });
      expect(page.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8' });
      expect(page.headers['content-security-policy']).toContain("script-src 'self'");
      // Inline scripts would not run.
      expect(page.body).not.toMatch(/<script>/);
      const files = [...page.body.matchAll(/(?:href|src)="([^"]+)"/g)].map(
        ([, file = '']) => new URL(file, base + url),
      );
      expect(files.map(({ pathname }) => pathname)).toEqual([
        '/docs/swagger-ui.css',
        '/docs/favicon-32x32.png',
        '/docs/favicon-16x16.png',
        '/docs/swagger-ui-bundle.js',
        '/docs/swagger-ui-init.js',
      ]);
      for (const { pathname } of files) {
        const file = await inject({ method: 'GET', url: pathname });
        expect(file.statusCode).toBe(200);
        expect(file.headers['content-type']).toMatch(/^(text\/(css|javascript); charset=utf-8|image\/png)$/);
      }
    },
  );

  it('shows the document of this service, with the means to sign in', async () => {
    const script = (await inject({ method: 'GET', url: '/docs/swagger-ui-init.js' })).body;
    const shown = jest.fn<void, [{ url: string; persistAuthorization: boolean; validatorUrl: null }]>();
    const currentScript = { src: `${base}/docs/swagger-ui-init.js` };
    runInNewContext(script, { SwaggerUIBundle: shown, document: { currentScript }, URL });
    const [[{ url, ...options }]] = shown.mock.calls as [Parameters<typeof shown>];
    expect(options).toMatchObject({ persistAuthorization: true, validatorUrl: null });
    const document = await inject({ method: 'GET', url: url.replace(base, '') });
    expect(document.json()).toMatchObject({
      paths: { '/api/v1/messages/notes': {} },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    });
  });

  it.each(['/docs-json', '/docs/asyncapi.json'])('encodes %s once, not for every reader', async (url) => {
    const first = await inject({ method: 'GET', url });
    expect(first.headers['content-type']).toBe('application/json; charset=utf-8');
    const encode = jest.spyOn(JSON, 'stringify');
    expect((await inject({ method: 'GET', url })).body).toBe(first.body);
    expect(encode).not.toHaveBeenCalled();
    encode.mockRestore();
  });
});
