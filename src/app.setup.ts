import helmet from '@fastify/helmet';
import { Logger } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { DomainError } from './common/errors/domain-error';
import { serveAsyncApi } from './asyncapi/serve';
import { serveOpenApi } from './openapi/serve';
import { serveSwaggerUi } from './openapi/swagger-ui';
import { Metrics } from './metrics/metrics';
import { RealtimeAdapter } from './realtime/realtime.adapter';
import { HttpErrorFilter, sendProblem } from './common/errors/http-error.filter';
import { toDomainError } from './common/errors/to-domain-error';
import { answerWithin } from './common/http/answer-within';
import { answerClientError } from './common/http/client-error';
import { limitConnections } from './common/http/connection-limits';
import { RouteTable } from './common/http/route-table';
import { PlainRequest } from './common/http/plain-request';
import { parseJson } from './common/http/parse-json';
import { InputPipe } from './common/validation/input.pipe';
import type { AppConfig } from './config/app-config';

const BODY_LIMIT_BYTES = 64 * 1024;
/** Calls that carry up to 1,000 people. */
const BULK_BODY_LIMIT_BYTES = 1024 * 1024;
const BULK_ROUTES: ReadonlySet<string> = new Set(['PUT /api/v1/users', 'POST /api/v1/system-messages']);
/** Long enough for 1,000 people at once, short enough for nobody to wait for ever. */
const ANSWER_MS = 30_000;
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;
const ALIAS = /^\/api\/v1\/messaging(?=[/?]|$)/;
const DOCS = /^\/docs(?:[-/?]|$)/;
const API_CSP = "default-src 'none'; frame-ancestors 'none'";
/** What Swagger UI needs: its own files, inline styles, its inlined icons. */
const DOCS_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Keeps Nest from adding its own body parsers: one for JSON is all there is, anything else answers 415. */
class JsonOnlyAdapter extends FastifyAdapter {
  readonly routes = new RouteTable();

  override registerParserMiddleware(): void {
    // Parsers are set by createFastifyAdapter.
  }
}

function requestId({ headers }: { headers: IncomingMessage['headers'] }): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

/**
 * The HTTP server with its limits (reliability 3), before any route exists.
 * Answers 413 `PAYLOAD_TOO_LARGE` above 64 KiB, 400 `INVALID_JSON`, 415 `UNSUPPORTED_MEDIA_TYPE`.
 * @param answerMs milliseconds until a request that the store never answers gets 503 `DATABASE_UNAVAILABLE`; its work
 *   goes on, the outcome is unknown (reliability 3)
 */
export function createFastifyAdapter(config: AppConfig, answerMs = ANSWER_MS): FastifyAdapter {
  const adapter = new JsonOnlyAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    genReqId: requestId,
    rewriteUrl: ({ url = '/' }) => url.replace(ALIAS, '/api/v1/messages'),
    // Given to the constructor: set later they are enforced every 30 s only (reliability, trap 13).
    http: {
      headersTimeout: 10_000,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: 16 * 1024,
      IncomingMessage: PlainRequest,
    },
    requestTimeout: 30_000,
    keepAliveTimeout: 65_000,
    maxRequestsPerSocket: 1000,
    routerOptions: { maxParamLength: 1024 },
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(toDomainError(error).error, request, reply),
    clientErrorHandler: answerClientError,
  });
  const fastify = adapter.getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseJson(body));
    } catch {
      done(new DomainError('INVALID_JSON'));
    }
  });
  fastify.addHook('onRoute', (route) => {
    const methods = Array.isArray(route.method) ? route.method : [route.method];
    if (methods.some((method) => BULK_ROUTES.has(`${method} ${route.url}`))) route.bodyLimit = BULK_BODY_LIMIT_BYTES;
    adapter.routes.add(route.url, methods);
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    // Read once, here: Fastify keeps the first answer, and middleware later overwrites the raw field by the rewritten URL.
    const csp = DOCS.test(request.originalUrl) ? DOCS_CSP : API_CSP;
    void reply.headers({ 'x-request-id': request.id, 'content-security-policy': csp });
    done();
  });
  answerWithin(fastify, answerMs);
  // Once Socket.IO listens, too.
  fastify.addHook('onReady', (done) => {
    limitConnections(fastify.server);
    done();
  });
  fastify.addHook('preParsing', (request, reply, _payload, done) => {
    const { 'content-encoding': encoding = 'identity' } = request.headers;
    // Nothing here unpacks: compressed bytes would be read as broken JSON.
    if (encoding !== 'identity') return sendProblem(new DomainError('UNSUPPORTED_MEDIA_TYPE'), request, reply);
    const { routes } = adapter;
    const allowed = request.is404 ? routes.methodsOf(request.url) : routes.refusalOf(request.method, request.url);
    if (allowed.length === 0) return done();
    void reply.header('allow', allowed.join(', '));
    sendProblem(new DomainError('METHOD_NOT_ALLOWED'), request, reply);
  });
  return adapter;
}

function serveDocs(app: NestFastifyApplication, version: string): void {
  serveSwaggerUi(app);
  serveOpenApi(app, version);
  serveAsyncApi(app, version);
}

/** Everything HTTP that is not a route; used by main and by the tests, so that both see the same service. */
export async function configureApp(
  app: NestFastifyApplication,
  config: AppConfig,
  metrics: Metrics = new Metrics(),
): Promise<void> {
  const logger = new Logger('Http');
  await app.register(helmet, {
    contentSecurityPolicy: false, // set by path in createFastifyAdapter
    hsts: { maxAge: 31_536_000, includeSubDomains: true },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginResourcePolicy: { policy: 'same-site' },
  });
  app.enableCors({
    origin: config.corsOrigins.includes('*') ? '*' : [...config.corsOrigins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'Accept-Language', 'X-Request-Id'],
    exposedHeaders: ['X-Request-Id', 'Retry-After', 'RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'],
    credentials: false,
    strictPreflight: false, // it would be answered with a text instead of a problem
    maxAge: 600,
  });
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onSend', (request, reply, payload, done) => {
    // Minors' data stays out of caches.
    if (!DOCS.test(request.url) && !reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
    done(null, payload);
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    // The route, not the URL: paths name people and queries can hold tokens.
    const route = request.routeOptions.url ?? 'unknown';
    metrics.observeHttp(request.method, route, reply.statusCode, reply.elapsedTime);
    const ms = Math.round(reply.elapsedTime * 10) / 10;
    logger.debug({ request_id: request.id, method: request.method, route, status: reply.statusCode, ms });
    done();
  });
  app.useGlobalPipes(new InputPipe());
  app.useGlobalFilters(new HttpErrorFilter());
  app.useWebSocketAdapter(new RealtimeAdapter(app, config, metrics));
  if (config.docs) serveDocs(app, config.service.version);
}
