import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { STATUS_CODES } from 'node:http';
import { DomainError } from '../errors/domain-error';
import { buildProblem } from '../errors/problem';

const TIMEOUT = 'HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n';

/** What Node's parser refuses never becomes a request: 400, or 413 for too many headers, by hand; then the end. */
export function answerClientError(error: { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? TIMEOUT : refusal(error.code === 'HPE_HEADER_OVERFLOW'));
}

function refusal(tooLarge: boolean): string {
  const error = new DomainError(tooLarge ? 'PAYLOAD_TOO_LARGE' : 'VALIDATION_FAILED');
  const requestId = randomUUID();
  const problem = buildProblem(error, { url: '/', requestId, language: 'fr' });
  const body = JSON.stringify(problem);
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'connection: close',
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    `x-request-id: ${requestId}`,
    '',
    body,
  ].join('\r\n');
}
