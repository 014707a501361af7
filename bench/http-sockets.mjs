import { connect } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * One keep-alive connection with one request out at a time. It reads of an answer its status and its length: a client
 * that costs more than the server would measure itself.
 */
export function connectHttp(url) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let waiting;
    let received = Buffer.alloc(0);
    const fail = (error) => (waiting ? waiting.reject(error) : reject(error));
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the server closed the connection')));
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const headEnd = received.indexOf(HEAD_END);
      if (headEnd < 0) return;
      const head = received.latin1Slice(0, headEnd);
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? NaN);
      const end = headEnd + 4 + length;
      if (!(end <= received.length)) {
        if (Number.isNaN(length)) fail(new Error(`an answer without content-length: ${head.slice(0, 200)}`));
        return;
      }
      const answer = { status: Number(head.slice(9, 12)), body: received.subarray(headEnd + 4, end) };
      received = Buffer.alloc(0);
      const { resolve: done } = waiting;
      waiting = undefined;
      done(answer);
    });
    const connection = {
      /** @returns `{status, body}` of the answer to a request, given as text */
      request: (text) =>
        new Promise((done, refuse) => {
          waiting = { resolve: done, reject: refuse };
          socket.write(text);
        }),
      close() {
        waiting = undefined;
        socket.removeAllListeners('close').destroy();
      },
    };
    socket.once('connect', () => resolve(connection));
  });
}

/** @returns a request as text */
export function httpRequest(method, path, token, body) {
  const json = body === undefined ? '' : JSON.stringify(body);
  const entity =
    body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(json)}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\n${entity}\r\n${json}`;
}
