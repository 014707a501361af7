import { longTimeout, type Timed } from './long-timeout';

const DAY_MS = 86_400_000;

describe('longTimeout', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('waits longer than one timer of Node can', () => {
    const action = jest.fn();
    longTimeout({}, 60 * DAY_MS, action);
    jest.advanceTimersByTime(60 * DAY_MS - 1);
    expect(action).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(action).toHaveBeenCalledTimes(1);
  });

  it('stops, also after the first leg', () => {
    const action = jest.fn();
    const session: Timed = {};
    longTimeout(session, 60 * DAY_MS, action);
    jest.advanceTimersByTime(40 * DAY_MS);
    clearTimeout(session.timer);
    jest.advanceTimersByTime(40 * DAY_MS);
    expect(action).not.toHaveBeenCalled();
  });

  it('is exact to the millisecond, whatever its length', () => {
    for (const delay of [1, 59_999, 60_000, 60_001, 3_599_123]) {
      const action = jest.fn();
      longTimeout({}, delay, action);
      jest.advanceTimersByTime(delay - 1);
      expect(action).not.toHaveBeenCalled();
      jest.advanceTimersByTime(1);
      expect(action).toHaveBeenCalledTimes(1);
    }
  });

  it('takes the place of the one before', () => {
    const [first, second] = [jest.fn(), jest.fn()];
    const session: Timed = {};
    longTimeout(session, 1_000, first);
    longTimeout(session, 2_000, second);
    jest.advanceTimersByTime(10_000);
    expect([first.mock.calls, second.mock.calls]).toEqual([[], [[session]]]);
  });

  it('fires at once for a time in the past', () => {
    const action = jest.fn();
    longTimeout({}, -5, action);
    jest.advanceTimersByTime(1);
    expect(action).toHaveBeenCalledTimes(1);
  });
});
