import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const FOLDER = dirname(require.resolve('swagger-ui-dist/package.json'));
const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-16x16.png': 'image/png',
  'favicon-32x32.png': 'image/png',
};

/** @param base from the page to the folder of its files, whatever a proxy puts before both */
const page = (base: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>PresencePro messaging service</title>
    <link rel="stylesheet" href="${base}swagger-ui.css" />
    <link rel="icon" type="image/png" href="${base}favicon-32x32.png" sizes="32x32" />
    <link rel="icon" type="image/png" href="${base}favicon-16x16.png" sizes="16x16" />
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="${base}swagger-ui-bundle.js"></script>
    <script src="${base}swagger-ui-init.js"></script>
  </body>
</html>
`;

// Without validatorUrl it would show the document to a server of its makers.
const INIT = `SwaggerUIBundle({
  url: new URL('../docs-json', document.currentScript.src).href,
  dom_id: '#swagger-ui',
  deepLinking: true,
  persistAuthorization: true,
  validatorUrl: null,
});
`;

/**
 * Serves Swagger UI at `/docs`, from memory. As streams (SwaggerModule, by `@fastify/static`) its files stayed open for
 * good when a connection ended before the turn of an answer: Node forgets what it has queued.
 */
export function serveSwaggerUi(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const serve = (path: string, type: string, content: Buffer): void => {
    fastify.get(path, (_request, reply) => reply.type(type).send(content));
  };
  const html = 'text/html; charset=utf-8';
  serve('/docs', html, Buffer.from(page('./docs/')));
  for (const path of ['/docs/', '/docs/index.html']) serve(path, html, Buffer.from(page('./')));
  serve('/docs/swagger-ui-init.js', 'text/javascript; charset=utf-8', Buffer.from(INIT));
  for (const [name, type] of Object.entries(ASSETS)) serve(`/docs/${name}`, type, readFileSync(join(FOLDER, name)));
}
