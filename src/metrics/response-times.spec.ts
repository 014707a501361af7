import { ResponseTimes } from './response-times';

const MINUTE_MS = 60_000;

describe('ResponseTimes', () => {
  it('averages every response, not every minute', () => {
    const times = new ResponseTimes();
    times.observe(10, 0);
    times.observe(20, 1);
    times.observe(60, MINUTE_MS);
    expect(times.average(2 * MINUTE_MS)).toBe(30);
  });

  it('forgets a minute an hour later', () => {
    const times = new ResponseTimes();
    times.observe(10, 0);
    times.observe(20, MINUTE_MS);
    expect(times.average(60 * MINUTE_MS - 1)).toBe(15);
    expect(times.average(60 * MINUTE_MS)).toBe(20);
    times.observe(40, 60 * MINUTE_MS);
    expect(times.average(60 * MINUTE_MS)).toBe(30);
  });

  it('has nothing to say of nothing', () => {
    expect(new ResponseTimes().average(5)).toBe(0);
  });
});
