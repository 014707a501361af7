import { EventEmitter, once } from 'node:events';
import type { Socket } from 'socket.io-client';
import type { Ack } from '../../src/contract/socket-events';
import { codesOf, surprise } from './asyncapi';
import type { PlainClient, TestFrame } from './plain-client';
import type { TestSocket } from './socket-client';

const WAIT_MS = 5_000;
let requests = 0;

/** Looks at everything that travels, on both doors, and holds it against docs/asyncapi.yaml. */
export class Witness {
  /** What the document does not say. */
  readonly surprises: string[] = [];
  private readonly seen = new Set<string>();
  private readonly arrivals = new EventEmitter().setMaxListeners(100);
  /** Events of frames that wait for their answer, by `request_id`. */
  private readonly asked = new Map<unknown, string>();

  has(key: string): boolean {
    return this.seen.has(key);
  }

  /** Resolves with the next thing of the kind. */
  async next(key: string): Promise<void> {
    await once(this.arrivals, key, { signal: AbortSignal.timeout(WAIT_MS) }).catch(() => {
      throw new Error(`no ${key} in ${WAIT_MS} ms`);
    });
  }

  /** Looks at whatever a socket receives from now on. */
  watch(socket: TestSocket): void {
    socket.onAny((event: string, payload: unknown) => this.see(`server.${event}`, payload));
    socket.on('connect_error', (error) => this.see('handshake.refused', (error as { data?: unknown }).data));
  }

  /** The same for a plain client, with what it has received already. */
  watchPlain(client: PlainClient): void {
    client.frames.forEach((frame) => this.seeFrame(frame));
    client.socket.on('message', (data: Buffer) => this.seeFrame(JSON.parse(data.toString()) as TestFrame));
  }

  /** Sends an event with a callback. */
  async ask(socket: TestSocket, event: string, input: unknown): Promise<Ack<unknown>> {
    const untyped = socket as unknown as Socket;
    const answer = (await untyped.timeout(WAIT_MS).emitWithAck(event, input)) as Ack<unknown>;
    this.see(`ack.${event}`, answer);
    if (!answer.ok) this.seeCode(event, answer.error.error_code);
    return answer;
  }

  /** Sends an event without one: the answer is an event, if any. */
  tell(socket: TestSocket, event: string, input: unknown): void {
    (socket as unknown as Socket).emit(event, input);
  }

  /** Sends a frame and waits for its answer. */
  async askPlain(client: PlainClient, event: string, input: object): Promise<TestFrame> {
    const request_id = `w${(requests += 1)}`;
    this.asked.set(request_id, event);
    client.send({ ...input, type: event, request_id });
    const answer = await client.next((frame) => frame['request_id'] === request_id);
    if (answer.type === 'error') this.seeCode(event, String(answer['error_code']));
    return answer;
  }

  /** What a client of ours sends is held against the document, too. */
  see(key: string, payload: unknown): void {
    this.note(surprise(key, payload));
    this.seen.add(key);
    this.arrivals.emit(key);
  }

  private seeFrame(frame: TestFrame): void {
    if (frame.type !== 'success') return this.see(`frame.server.${frame.type}`, frame);
    const event = this.asked.get(frame['request_id']);
    this.see(event === undefined ? 'frame.opened' : `frame.success.${event}`, frame);
  }

  private seeCode(event: string, code: string): void {
    if (!codesOf(event).includes(code)) this.note(`${event} was refused with ${code}`);
  }

  private note(difference: string | undefined): void {
    if (difference !== undefined && !this.surprises.includes(difference)) this.surprises.push(difference);
  }
}
