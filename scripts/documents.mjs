// `npm run docs:openapi`, `npm run docs:asyncapi`: write docs/openapi.json and docs/asyncapi.yaml from the built service.
// Tests fail while a file is stale.
import { dump } from 'js-yaml';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const load = createRequire(join(root, 'dist', 'main.js'));
load('reflect-metadata');
const { NestFactory } = load('@nestjs/core');
const { AppModule } = load('./app.module.js');
const { createFastifyAdapter } = load('./app.setup.js');
const { createAsyncApiDocument } = load('./asyncapi/document.js');
const { loadConfiguration } = load('./config/configuration.js');
const { createOpenApiDocument } = load('./openapi/document.js');

// Preview: the routes are read, nothing is started.
const config = loadConfiguration({ SECRET_KEY: 'not used: nothing is started' }, root);
const app = await NestFactory.create(AppModule, createFastifyAdapter(config), { preview: true, logger: false });
const { version } = config.service;
const write = (name, text) => writeFileSync(join(root, 'docs', name), text);
write('openapi.json', `${JSON.stringify(createOpenApiDocument(app, version), null, 2)}\n`);
write('asyncapi.yaml', dump(createAsyncApiDocument(app, version), { lineWidth: 120, noRefs: true }));
