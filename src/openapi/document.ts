import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

type PathItem = OpenAPIObject['paths'][string];
type Operation = NonNullable<PathItem['get']>;

const DESCRIPTION = `Messages between parents, students, teachers and administrators of a school.

Tokens come from auth-service: press *Authorize* and paste the access token. Every refusal is a problem (RFC 9457) with a
stable \`error_code\`, the same on every channel. Live events come over Socket.IO (\`/socket.io\`) or a plain WebSocket
(\`/ws\`): [their page](/docs/realtime).`;

/** @returns the OpenAPI document of the routes of `app`, the same for every deployment of a version */
export function createOpenApiDocument(app: INestApplication, version: string): OpenAPIObject {
  const description = new DocumentBuilder()
    .setTitle('PresencePro messaging service')
    .setDescription(DESCRIPTION)
    .setVersion(version)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'This service')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'Access token of auth-service.',
    })
    .addTag('messages', 'Send, read, edit and delete messages')
    .addTag('conversations', 'Direct, group and support conversations')
    .addTag('users', 'Who is who')
    .addTag('statistics', 'What is measured')
    .addTag('health', 'State of the service')
    .build();
  const document = SwaggerModule.createDocument(app, description, {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  // Said of every operation: an open route is open by intention.
  for (const path of Object.values(document.paths)) {
    for (const operation of operationsOf(path)) operation.security ??= [];
  }
  return document;
}

/** @returns the operations of a path, whatever their methods */
export const operationsOf = (path: PathItem): Operation[] =>
  [path.get, path.put, path.post, path.patch, path.delete].filter((operation) => operation !== undefined);
