import { CircuitBreaker, CircuitOpenError } from './circuit-breaker';
import { Clock } from './clock';

class TestClock extends Clock {
  at = 0;
  now = (): number => this.at;
}

describe('CircuitBreaker', () => {
  const clock = new TestClock();
  let breaker: CircuitBreaker;
  let calls: number;
  const fail = (): Promise<never> => {
    calls += 1;
    return Promise.reject(new Error('down'));
  };
  beforeEach(async () => {
    breaker = new CircuitBreaker(clock, 3, 1000);
    calls = 0;
    for (let i = 0; i < 3; i++) await expect(breaker.run(fail)).rejects.toThrow('down');
  });

  it('asks no more after the failures in a row', async () => {
    await expect(breaker.run(fail)).rejects.toThrow(CircuitOpenError);
    expect(calls).toBe(3);
  });

  it('lets one call try after the pause, and pauses again when it fails', async () => {
    clock.at += 1000;
    const probe = breaker.run(fail);
    await expect(breaker.run(fail)).rejects.toThrow(CircuitOpenError);
    await expect(probe).rejects.toThrow('down');
    await expect(breaker.run(fail)).rejects.toThrow(CircuitOpenError);
    expect(calls).toBe(4);
  });

  it('is whole again after one success', async () => {
    clock.at += 1000;
    await expect(breaker.run(() => Promise.resolve('up'))).resolves.toBe('up');
    await expect(breaker.run(fail)).rejects.toThrow('down');
    await expect(breaker.run(fail)).rejects.toThrow('down');
    await expect(breaker.run(() => Promise.resolve('up'))).resolves.toBe('up');
  });
});
