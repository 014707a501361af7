import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { ERROR_CATALOG } from '../common/errors/error-catalog';
import type { ErrorCode } from '../contract/error-codes';
import { ProblemSchema } from './problem.schema';

export interface AnswersOptions {
  /** What it answers; left out: no body is described. */
  readonly type?: Type;
  readonly isArray?: boolean;
  /** Statuses of success with what each means. */
  readonly ok: Readonly<Partial<Record<200 | 201, string>>>;
  /** The codes that only this route has. Those that every such route has are added. */
  readonly errors?: readonly ErrorCode[];
  /** The route takes a JSON body. */
  readonly body?: boolean;
  /** No token is asked for. */
  readonly open?: boolean;
}

const OF_BODIES: readonly ErrorCode[] = [
  'VALIDATION_FAILED',
  'INVALID_JSON',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
];
const OF_TOKENS: readonly ErrorCode[] = ['AUTH_REQUIRED', 'AUTH_FAILED', 'FORBIDDEN'];
const OF_ALL: readonly ErrorCode[] = ['PROCESSING_ERROR', 'DATABASE_UNAVAILABLE'];

const problemExample = (code: ErrorCode): object => ({
  type: `urn:presencepro:messaging:error:${code.toLowerCase().replaceAll('_', '-')}`,
  title: ERROR_CATALOG[code].title,
  status: ERROR_CATALOG[code].status,
  detail: ERROR_CATALOG[code].detail.fr,
  instance: '/api/v1/messages/…',
  error_code: code,
  ...(code === 'VALIDATION_FAILED' && { errors: [{ field: 'limit', message: 'limit must be …' }] }),
  request_id: '0ea9aa7a-4f72-49b3-8f20-99811fb3ab9e',
});

function refusal(status: number, codes: readonly ErrorCode[]): MethodDecorator {
  return ApiResponse({
    status,
    description: codes.map((code) => `\`${code}\``).join(', '),
    content: {
      'application/problem+json': {
        schema: { $ref: getSchemaPath(ProblemSchema) },
        examples: Object.fromEntries(codes.map((code) => [code, { value: problemExample(code) }])),
      },
    },
  });
}

/** Everything a route answers, for the OpenAPI document: its successes and, grouped by status, all its error codes. */
export function Answers({ type, isArray, ok, errors = [], body, open }: AnswersOptions): MethodDecorator {
  const codes = [...errors, ...(body ? OF_BODIES : []), ...(open ? [] : OF_TOKENS), ...(open ? [] : OF_ALL)];
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set(codes)) {
    const { status } = ERROR_CATALOG[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return applyDecorators(
    ApiExtraModels(ProblemSchema),
    ...Object.entries(ok).map(([status, description]) =>
      ApiResponse({ status: Number(status), description, ...(type && { type, isArray: isArray ?? false }) }),
    ),
    ...[...byStatus].map(([status, grouped]) => refusal(status, grouped)),
  );
}
