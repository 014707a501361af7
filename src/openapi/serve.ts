import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createOpenApiDocument } from './document';

/** Serves `/docs-json`, encoded at the first request: its bytes are the same for everybody. */
export function serveOpenApi(app: NestFastifyApplication, version: string): void {
  let document: Buffer | undefined;
  const fastify = app.getHttpAdapter().getInstance();
  fastify.get('/docs-json', (_request, reply) =>
    reply
      .type('application/json; charset=utf-8')
      .send((document ??= Buffer.from(JSON.stringify(createOpenApiDocument(app, version))))),
  );
}
