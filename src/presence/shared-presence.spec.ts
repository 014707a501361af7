import { SystemClock } from '../common/clock';
import { RedisAwayError, type RedisConnection } from '../redis/redis-connection';
import { ConnectionRegistry } from './connection-registry';
import { LocalPresence } from './local-presence';
import { PresenceTimings } from './presence-timings';
import { SharedCounter } from './shared-counter';
import type { Beat, SharedPeople } from './shared-people';
import { SharedPresence } from './shared-presence';

const LIVES: Beat = { lives: true, reap: false, now: 0, sockets: 0, authenticated: 0, people: 0 };

describe('SharedPresence', () => {
  it('registers with a Redis that came back, also when a beat was under way', async () => {
    let subscribed = (): void => undefined;
    const redis = { isReady: () => true, onSubscribed: (listener: () => void) => (subscribed = listener) };
    const done = jest.fn(() => Promise.resolve());
    const register = jest.fn(() => Promise.resolve());
    const beat = jest.fn(() => Promise.resolve(LIVES));
    const registry = new ConnectionRegistry();
    const presence = new SharedPresence(
      new LocalPresence(registry, 5, 5_000, new SystemClock()),
      registry,
      { lease: done, forget: done, reap: done, register, beat } as unknown as SharedPeople,
      new SharedCounter(registry),
      redis as unknown as RedisConnection,
      5,
      new PresenceTimings(),
    );
    await presence.beat();
    expect(register).toHaveBeenCalledTimes(1);

    let answer: (beat: Beat) => void = () => undefined;
    beat.mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
    const under = presence.beat();
    subscribed();
    answer(LIVES); // of the Redis that is gone
    await under;
    await new Promise(setImmediate);
    expect(register).toHaveBeenCalledTimes(2);
  });

  it('tells once more, when the others are back, what it told when it registered anew and is still so', async () => {
    let isReady = true;
    const redis = { isReady: () => isReady, onSubscribed: () => undefined };
    const done = jest.fn(() => Promise.resolve());
    const step = jest.fn(() => Promise.resolve(1));
    const beat = jest.fn(() => Promise.resolve(LIVES));
    const registry = new ConnectionRegistry();
    const presence = new SharedPresence(
      new LocalPresence(registry, 5, 5_000, new SystemClock()),
      registry,
      { lease: done, forget: done, reap: done, register: done, read: done, beat, step } as unknown as SharedPeople,
      new SharedCounter(registry),
      redis as unknown as RedisConnection,
      5,
      { ...new PresenceTimings(), returnMs: 50 },
    );
    const told: string[] = [];
    presence.onChange(({ userId }) => told.push(userId));
    const come = async (userId: string): Promise<void> => {
      await presence.enter(userId, `s-${userId}`);
      registry.bind(`s-${userId}`);
      await new Promise(setImmediate);
    };
    await presence.beat();
    await come('before');
    await presence.beat();
    expect(told).toEqual(['before']);

    isReady = false;
    step.mockRejectedValueOnce(new RedisAwayError()).mockRejectedValueOnce(new RedisAwayError());
    await come('meanwhile');
    isReady = true;
    told.length = 0;
    await presence.beat();
    await come('just after');
    expect(told).toEqual(['meanwhile', 'just after']);
    await presence.beat();
    expect(told).toEqual(['meanwhile', 'just after']);
    await new Promise((resolve) => setTimeout(resolve, 60));
    await presence.beat();
    await presence.beat();
    expect(told).toEqual(['meanwhile', 'just after', 'meanwhile', 'just after']);
  });
});
