import { Logger } from '@nestjs/common';
import { from } from 'rxjs';
import type { Actor } from '../common/actor';
import type { AppSocket } from './app-socket';
import { type EventHandler, EventDispatcher } from './event-dispatcher';

type Middleware = (packet: unknown[], next: () => void) => void;

/** The few members of a socket that the dispatcher uses. */
class FakeSocket {
  readonly id = 's1';
  connected = true;
  readonly data: { actor?: Actor; language: 'en' } = { language: 'en' };
  readonly emitted: unknown[][] = [];
  private middleware: Middleware = () => undefined;
  use(middleware: Middleware): void {
    this.middleware = middleware;
  }
  emit(...args: unknown[]): void {
    this.emitted.push(args);
  }
  async receive(...packet: unknown[]): Promise<void> {
    this.middleware(packet, () => {
      throw new Error('packets must not reach the emitter');
    });
    await new Promise(setImmediate);
  }
}

const actor: Actor = { userId: 'm', username: 'm', displayName: 'M', role: 'parent', expiresAt: 9e15 };
const echo: EventHandler = { message: 'ping', callback: (payload) => Promise.resolve({ ok: true, data: payload }) };
const failing: EventHandler = { message: 'message', callback: () => Promise.reject(new Error('secret text')) };
const silent: EventHandler = { message: 'message_read', callback: () => Promise.resolve(undefined) };

describe('EventDispatcher', () => {
  // What it reports of the failing handlers is not this test's subject.
  beforeAll(() => {
    Logger.overrideLogger(false);
  });
  let socket: FakeSocket;
  let now: number;
  beforeEach(() => {
    socket = new FakeSocket();
    socket.data.actor = actor;
    now = 0;
    const dispatcher = new EventDispatcher(3, { now: () => now });
    dispatcher.bind(socket as unknown as AppSocket, [echo, failing, silent], (result) => from(Promise.resolve(result)));
  });
  const code = (error_code: string): object => ({
    ok: false,
    error: expect.objectContaining({ error_code }) as unknown,
  });

  it('hands over the first argument and answers through the last', async () => {
    const ack = jest.fn();
    await socket.receive('ping', { timestamp: 't' }, 'more', ack);
    expect(ack.mock.calls).toEqual([[{ ok: true, data: { timestamp: 't' } }]]);
  });

  it('answers as an event without a callback', async () => {
    await socket.receive('ping', { timestamp: 't' });
    expect(socket.emitted).toEqual([['pong', { timestamp: 't' }]]);
  });

  it('takes an acknowledgement without a payload', async () => {
    const ack = jest.fn();
    await socket.receive('ping', ack);
    expect(ack).toHaveBeenCalledWith({ ok: true, data: undefined });
  });

  it.each([['nothing'], [7], ['error'], ['__proto__'], [undefined]])('answers unknown events: %p', async (name) => {
    const ack = jest.fn();
    await socket.receive(name, {}, ack);
    expect(ack).toHaveBeenCalledWith(code('UNKNOWN_MESSAGE_TYPE'));
  });

  it('answers although the handler said nothing', async () => {
    const ack = jest.fn();
    await socket.receive('message_read', {}, ack);
    expect(ack.mock.calls).toEqual([[code('PROCESSING_ERROR')]]);
  });

  it('ignores what was waiting when the socket was closed', async () => {
    socket.connected = false;
    const ack = jest.fn();
    await socket.receive('ping', {}, ack);
    expect(ack).not.toHaveBeenCalled();
  });

  it('never shows the text of an unexpected error', async () => {
    const ack = jest.fn();
    await socket.receive('message', {}, ack);
    expect(ack).toHaveBeenCalledWith(code('PROCESSING_ERROR'));
    expect(JSON.stringify(ack.mock.calls)).not.toContain('secret');
  });

  it('answers only authentication and ping in the empty state', async () => {
    socket.data.actor = undefined;
    const ack = jest.fn();
    await socket.receive('message', {}, ack);
    await socket.receive('nothing', {}, ack);
    await socket.receive('ping', {}, ack);
    expect(ack.mock.calls.map(([answer]) => answer as unknown)).toEqual([
      code('AUTH_REQUIRED'),
      code('AUTH_REQUIRED'),
      { ok: true, data: {} },
    ]);
  });

  it('limits events per second, messages excepted', async () => {
    const ack = jest.fn();
    for (let i = 0; i < 3; i++) await socket.receive('ping', {}, ack);
    await socket.receive('message_read', {}, ack);
    expect(ack).toHaveBeenLastCalledWith(code('RATE_LIMITED'));
    await socket.receive('message', {}, ack);
    expect(ack).toHaveBeenLastCalledWith(code('PROCESSING_ERROR'));
    now = 1000;
    await socket.receive('ping', {}, ack);
    expect(ack).toHaveBeenLastCalledWith({ ok: true, data: {} });
  });

  it('stops a flood of messages that are refused, and answers other events', async () => {
    const ack = jest.fn();
    for (let i = 0; i < 3; i++) await socket.receive('message', {}, ack);
    expect(ack).toHaveBeenLastCalledWith(code('PROCESSING_ERROR'));
    await socket.receive('message', {}, ack);
    expect(ack).toHaveBeenLastCalledWith(code('RATE_LIMITED'));
    await socket.receive('ping', {}, ack);
    expect(ack).toHaveBeenLastCalledWith({ ok: true, data: {} });
    now = 1000;
    await socket.receive('message', {}, ack);
    expect(ack).toHaveBeenLastCalledWith(code('PROCESSING_ERROR'));
  });
});
