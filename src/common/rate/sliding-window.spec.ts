import fc from 'fast-check';
import { SlidingWindow } from './sliding-window';

describe('SlidingWindow', () => {
  it('admits up to the limit, then says how long to wait', () => {
    const window = new SlidingWindow(2, 1000);
    expect(window.take('a', 0)).toBe(0);
    expect(window.take('a', 400)).toBe(0);
    expect(window.take('a', 500)).toBe(500);
    expect(window.take('a', 999)).toBe(1);
    expect(window.take('a', 1000)).toBe(0);
    expect(window.take('a', 1001)).toBe(399);
  });

  it('keeps keys apart', () => {
    const window = new SlidingWindow(1, 1000);
    expect(window.take('a', 0)).toBe(0);
    expect(window.take('b', 0)).toBe(0);
    expect(window.take('a', 1)).toBe(999);
  });

  it('peek uses nothing up', () => {
    const window = new SlidingWindow(1, 1000);
    expect(window.peek('a', 0)).toBe(0);
    expect(window.peek('a', 0)).toBe(0);
    expect(window.take('a', 0)).toBe(0);
    expect(window.peek('a', 10)).toBe(990);
  });

  it('gives back one admission only', () => {
    const window = new SlidingWindow(1, 1000);
    window.take('a', 5);
    window.giveBack('a', 4);
    expect(window.take('a', 6)).toBe(999);
    window.giveBack('a', 5);
    expect(window.take('a', 7)).toBe(0);
    window.giveBack('nobody', 7);
  });

  it('forgets keys that went quiet', () => {
    const window = new SlidingWindow(3, 1000);
    for (let i = 0; i < 100; i++) window.take(`user-${i}`, i);
    window.take('late', 5000);
    expect(window.size).toBe(1);
  });

  it('never admits more than the limit in any window', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 80 }),
        (limit, steps) => {
          const window = new SlidingWindow(limit, 100);
          const admitted: number[] = [];
          let now = 0;
          for (const step of steps) {
            now += step;
            const wait = window.take('k', now);
            const recent = admitted.filter((at) => at > now - 100).length;
            expect(wait === 0).toBe(recent < limit);
            if (wait === 0) admitted.push(now);
          }
        },
      ),
    );
  });
});
