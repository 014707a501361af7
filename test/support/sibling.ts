import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SiblingRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
}

type Answer = { status?: number; body?: unknown; raw?: string };

/** A sibling service over real HTTP: answers by path, or misbehaves as a test says. */
export class FakeSibling {
  readonly requests: SiblingRequest[] = [];
  /** Answers by path; anything else is a 404 as user-service of today gives it. */
  answers: Record<string, (request: SiblingRequest) => Answer | 'hang' | 'hang up'> = {};
  private server: Server | undefined;
  private port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts, or comes back on the port that it had. */
  async start(): Promise<void> {
    const server = createServer((request, response) => this.answer(request, response));
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  asked(path: string): SiblingRequest[] {
    return this.requests.filter((request) => request.path === path);
  }

  private answer(incoming: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(incoming.url ?? '/', this.url);
    const request = { path: pathname, query: searchParams, authorization: incoming.headers.authorization };
    this.requests.push(request);
    const answer = this.answers[pathname]?.(request) ?? { status: 404, body: { detail: 'Not Found' } };
    if (answer === 'hang') return;
    if (answer === 'hang up') return void incoming.socket.destroy();
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' });
    response.end(answer.raw ?? JSON.stringify(answer.body));
  }
}
