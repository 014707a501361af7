import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHash } from 'node:crypto';
import { createAsyncApiDocument } from './document';
import { renderPage } from './page';
import { PAGE_STYLE } from './page-style';

const STYLE_HASH = createHash('sha256').update(PAGE_STYLE).digest('base64');
/** The page needs its own stylesheet and nothing else. */
const CSP = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/**
 * Serves `/docs/realtime`, a page for people, and `/docs/asyncapi.json`. Both are encoded at the first request and are
 * the same bytes for everybody, however many read them slowly.
 */
export function serveAsyncApi(app: NestFastifyApplication, version: string): void {
  let document: Buffer | undefined;
  let page: Buffer | undefined;
  const fastify = app.getHttpAdapter().getInstance();
  fastify.get('/docs/realtime', (_request, reply) =>
    reply
      .header('content-security-policy', CSP)
      .type('text/html; charset=utf-8')
      .send((page ??= Buffer.from(renderPage(createAsyncApiDocument(app, version))))),
  );
  fastify.get('/docs/asyncapi.json', (_request, reply) =>
    reply
      .type('application/json; charset=utf-8')
      .send((document ??= Buffer.from(JSON.stringify(createAsyncApiDocument(app, version))))),
  );
}
