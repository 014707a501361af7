import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { pickLanguage } from '../language';
import type { DomainError } from './domain-error';
import { buildProblem, problemHeaders } from './problem';
import { toDomainError } from './to-domain-error';

/** What the log may hold of a fault: its kind and where it happened; messages of faults can quote input. */
function describeFault(error: unknown): string {
  if (!(error instanceof Error)) return `a thrown ${typeof error}`;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return [error.name, ...frames.slice(0, 8).map((line) => line.trim().replace(/\(?(?:file:\/\/)?\/\S*\//, '('))].join(
    ' ',
  );
}

/** Answers a refusal as `application/problem+json` in the caller's language. */
export function sendProblem(error: DomainError, request: FastifyRequest, reply: FastifyReply): void {
  const problem = buildProblem(error, {
    url: request.originalUrl,
    requestId: request.id,
    language: pickLanguage(request.headers['accept-language']),
  });
  void reply
    .status(problem.status)
    .headers({ ...problemHeaders(error), 'cache-control': 'no-store' })
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(problem));
}

/** Catches everything on HTTP: refusals keep their code, faults are masked as `PROCESSING_ERROR` and logged. */
@Catch()
export class HttpErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger(HttpErrorFilter.name);

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const { error, unexpected } = toDomainError(thrown);
    if (unexpected) this.logger.error(`request ${request.id} failed: ${describeFault(thrown)}`);
    if (reply.sent) return;
    sendProblem(error, request, reply);
  }
}
