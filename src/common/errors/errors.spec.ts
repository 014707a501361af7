import { BadRequestException, type ArgumentsHost, NotFoundException } from '@nestjs/common';
import { ERROR_CODES } from '../../contract/error-codes';
import { LANGUAGES, pickLanguage } from '../language';
import { DomainError } from './domain-error';
import { socketErrorBody } from './error-body';
import { ERROR_CATALOG } from './error-catalog';
import { HttpErrorFilter } from './http-error.filter';
import { toDomainError } from './to-domain-error';

const STATUSES = {
  VALIDATION_FAILED: 400,
  INVALID_JSON: 400,
  UNKNOWN_MESSAGE_TYPE: 400,
  AUTH_REQUIRED: 401,
  AUTH_FAILED: 401,
  FORBIDDEN: 403,
  ROLE_NOT_ALLOWED: 403,
  EDIT_WINDOW_CLOSED: 403,
  CONVERSATION_NOT_FOUND: 404,
  MESSAGE_NOT_FOUND: 404,
  RECIPIENT_NOT_FOUND: 404,
  NOT_PARTICIPANT: 404,
  NOT_FOUND: 404,
  CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  METHOD_NOT_ALLOWED: 405,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RATE_LIMITED: 429,
  TOO_MANY_CONNECTIONS: 429,
  PROCESSING_ERROR: 500,
  DATABASE_UNAVAILABLE: 503,
};

describe('error catalogue', () => {
  it.each(ERROR_CODES)('%s has its status and a text in every language', (code) => {
    expect(ERROR_CATALOG[code].status).toBe(STATUSES[code]);
    for (const language of LANGUAGES) expect(ERROR_CATALOG[code].detail[language]).not.toBe('');
  });
});

describe('pickLanguage', () => {
  it.each([
    [undefined, 'fr'],
    ['', 'fr'],
    ['de', 'fr'],
    ['*', 'fr'],
    ['en-GB,en;q=0.9', 'en'],
    ['de, ar;q=0.5, en;q=0.4', 'ar'],
    ['en;q=0, fr', 'fr'],
    ['fr;q=0.1, AR', 'ar'],
  ])('%p: %s', (header, language) => expect(pickLanguage(header)).toBe(language));
});

const named = (name: string, extra: object = {}) => Object.assign(new Error('secret text'), { name, ...extra });

describe('toDomainError', () => {
  it.each([
    [named('MongoNetworkError'), 'DATABASE_UNAVAILABLE'],
    [named('MongoServerSelectionError'), 'DATABASE_UNAVAILABLE'],
    [named('MongooseServerSelectionError'), 'DATABASE_UNAVAILABLE'],
    [named('MongoNotConnectedError'), 'DATABASE_UNAVAILABLE'],
    [named('MongoTopologyClosedError'), 'DATABASE_UNAVAILABLE'],
    [named('MongoServerError', { code: 10107 }), 'DATABASE_UNAVAILABLE'],
    [
      named('MongooseError', { message: 'Cannot call `x` before initial connection is complete' }),
      'DATABASE_UNAVAILABLE',
    ],
    [named('Error', { cause: named('MongoNetworkTimeoutError') }), 'DATABASE_UNAVAILABLE'],
    [named('FastifyError', { code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE', statusCode: 415 }), 'UNSUPPORTED_MEDIA_TYPE'],
    [named('FastifyError', { code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 }), 'PAYLOAD_TOO_LARGE'],
    [named('SyntaxError', { statusCode: 400 }), 'INVALID_JSON'],
    [new NotFoundException(), 'NOT_FOUND'],
    [new BadRequestException('quotes the input'), 'VALIDATION_FAILED'],
    [new DomainError('CONFLICT'), 'CONFLICT'],
  ])('%s: %s', (error, code) => expect(toDomainError(error)).toMatchObject({ error: { code }, unexpected: false }));

  it.each([[new TypeError('x')], ['text'], [undefined], [named('MongoServerError', { code: 11000 })]])(
    'masks %p',
    (error) => expect(toDomainError(error)).toMatchObject({ error: { code: 'PROCESSING_ERROR' }, unexpected: true }),
  );
});

describe('socketErrorBody', () => {
  it('carries the wait in milliseconds', () => {
    expect(socketErrorBody(new DomainError('RATE_LIMITED', { retryAfterMs: 1200.4, limit: 30 }), 'en')).toEqual({
      error_code: 'RATE_LIMITED',
      message: 'Too many requests: try again a little later.',
      details: { retry_after_ms: 1201 },
    });
  });

  it('never quotes a fault', () => {
    expect(JSON.stringify(socketErrorBody(new Error('secret text')))).not.toContain('secret');
  });
});

function answer(thrown: unknown) {
  const sent = { status: 0, headers: {} as Record<string, string>, type: '', body: '' };
  const reply = {
    sent: false,
    status: (status: number) => ((sent.status = status), reply),
    headers: (headers: Record<string, string>) => ((sent.headers = headers), reply),
    type: (type: string) => ((sent.type = type), reply),
    send: (body: string) => ((sent.body = body), reply),
  };
  const request = { id: 'r-1', originalUrl: '/api/v1/x?token=abc', headers: { 'accept-language': 'en' } };
  const host = { switchToHttp: () => ({ getRequest: () => request, getResponse: () => reply }) };
  new HttpErrorFilter().catch(thrown, host as unknown as ArgumentsHost);
  return { ...sent, problem: JSON.parse(sent.body) as Record<string, unknown> };
}

describe('HttpErrorFilter', () => {
  it('answers problem+json with the path but not the query', () => {
    const { status, type, problem } = answer(DomainError.invalid('content', 'must be text'));
    expect(status).toBe(400);
    expect(type).toContain('application/problem+json');
    expect(problem).toEqual({
      type: 'urn:presencepro:messaging:error:validation-failed',
      title: 'Validation failed',
      status: 400,
      detail: 'Some fields are not valid.',
      instance: '/api/v1/x',
      error_code: 'VALIDATION_FAILED',
      errors: [{ field: 'content', message: 'must be text' }],
      request_id: 'r-1',
    });
  });

  it('says how to authenticate and when to come back', () => {
    expect(answer(new DomainError('AUTH_REQUIRED')).headers).toMatchObject({ 'www-authenticate': 'Bearer' });
    expect(answer(new DomainError('RATE_LIMITED', { retryAfterMs: 1500, limit: 30 })).headers).toMatchObject({
      'retry-after': '2',
      'ratelimit-limit': '30',
      'ratelimit-remaining': '0',
      'ratelimit-reset': '2',
    });
  });
});
