// `npm run docs:openapi`: writes docs/openapi.json from the built service. A test fails while the file is stale.
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
const { loadConfiguration } = load('./config/configuration.js');
const { createOpenApiDocument } = load('./openapi/document.js');

// Preview: the routes are read, nothing is started.
const config = loadConfiguration({ SECRET_KEY: 'not used: nothing is started' }, root);
const app = await NestFactory.create(AppModule, createFastifyAdapter(config), { preview: true, logger: false });
const document = createOpenApiDocument(app, config.service.version);
writeFileSync(join(root, 'docs', 'openapi.json'), `${JSON.stringify(document, null, 2)}\n`);
