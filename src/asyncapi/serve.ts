import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHash } from 'node:crypto';
import { createAsyncApiDocument } from './document';
import type { AsyncApiDocument } from './document-types';
import { renderPage } from './page';
import { PAGE_STYLE } from './page-style';

const STYLE_HASH = createHash('sha256').update(PAGE_STYLE).digest('base64');
/** The page needs its own stylesheet and nothing else. */
const CSP = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** Serves `/docs/realtime`, a page for people, and `/docs/asyncapi.json`; both are made at the first request. */
export function serveAsyncApi(app: NestFastifyApplication, version: string): void {
  let document: AsyncApiDocument | undefined;
  let page: string | undefined;
  const read = (): AsyncApiDocument => (document ??= createAsyncApiDocument(app, version));
  const fastify = app.getHttpAdapter().getInstance();
  fastify.get('/docs/realtime', (_request, reply) =>
    reply
      .header('content-security-policy', CSP)
      .type('text/html; charset=utf-8')
      .send((page ??= renderPage(read()))),
  );
  fastify.get('/docs/asyncapi.json', (_request, reply) => reply.send(read()));
}
