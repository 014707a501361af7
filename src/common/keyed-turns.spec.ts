import { setTimeout as delay } from 'node:timers/promises';
import { KeyedTurns } from './keyed-turns';

describe('KeyedTurns', () => {
  it('runs the tasks of one key in the order of the calls, however long each takes', async () => {
    const turns = new KeyedTurns();
    const ended: number[] = [];
    const take = (n: number, ms: number): Promise<void> =>
      turns.run('a', async () => {
        await delay(ms);
        ended.push(n);
      });
    await Promise.all([take(1, 20), take(2, 5), take(3, 0)]);
    expect(ended).toEqual([1, 2, 3]);
  });

  it('does not hold up other keys', async () => {
    const turns = new KeyedTurns();
    let release = (): void => undefined;
    const held = turns.run('a', () => new Promise<void>((resolve) => (release = resolve)));
    await expect(turns.run('b', () => Promise.resolve('done'))).resolves.toBe('done');
    release();
    await held;
  });

  it('goes on after a task that failed, whose caller gets the error', async () => {
    const turns = new KeyedTurns();
    const failing = turns.run('a', () => Promise.reject(new Error('broken')));
    const next = turns.run('a', () => Promise.resolve('next'));
    await expect(failing).rejects.toThrow('broken');
    await expect(next).resolves.toBe('next');
  });
});
