import { type ClientOptions, WebSocket } from 'ws';
import { tokenFor, type TestPerson } from './tokens';

const WAIT_MS = 5_000;

/** A frame as it came: tests say what they expect of it. */
export type TestFrame = { type: string } & Record<string, unknown>;

/** A client of the plain WebSocket that keeps every frame. */
export class PlainClient {
  readonly frames: TestFrame[] = [];
  /** The close code, once the connection is closed. */
  readonly closed: Promise<number>;
  private readonly watchers = new Set<() => void>();

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString()) as TestFrame);
      for (const look of [...this.watchers]) look();
    });
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
  }

  /** @param path with its query; answers may come before this resolves, and are kept. */
  static async open(url: string, path = '/ws', options: ClientOptions = {}): Promise<PlainClient> {
    const client = new PlainClient(new WebSocket(`${url.replace('http', 'ws')}${path}`, options));
    await new Promise((resolve, reject) => {
      client.socket.once('open', resolve);
      client.socket.once('error', reject);
    });
    return client;
  }

  /** Connected and answered once, so that it stands in the door's lists. */
  static async as(url: string, person: TestPerson, path = '/ws'): Promise<PlainClient> {
    const client = await PlainClient.open(url, `${path}?token=${tokenFor(person)}`);
    await client.ask({ type: 'ping' });
    return client;
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** Sends a frame and waits for its answer, found by `request_id`. */
  ask(frame: Record<string, unknown>): Promise<TestFrame> {
    const request_id = `r${(counter += 1)}`;
    const answer = this.next((given) => given['request_id'] === request_id);
    this.send({ ...frame, request_id });
    return answer;
  }

  /** The first frame that fits, among those that came and those to come. */
  next(fits: (frame: TestFrame) => boolean): Promise<TestFrame> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.watchers.delete(look);
        reject(new Error(`no such frame in ${WAIT_MS} ms; had ${this.frames.map(({ type }) => type).join()}`));
      }, WAIT_MS);
      const look = (): void => {
        const found = this.frames.find(fits);
        if (!found) return;
        clearTimeout(timer);
        this.watchers.delete(look);
        resolve(found);
      };
      this.watchers.add(look);
      look();
    });
  }

  /** The first event of a name. */
  event(type: string): Promise<TestFrame> {
    return this.next((frame) => frame.type === type);
  }

  close(): void {
    this.socket.close();
  }
}

let counter = 0;
