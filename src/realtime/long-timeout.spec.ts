import { longTimeout } from './long-timeout';

const DAY_MS = 86_400_000;

describe('longTimeout', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('waits longer than one timer of Node can', () => {
    const action = jest.fn();
    longTimeout(action, 60 * DAY_MS);
    jest.advanceTimersByTime(60 * DAY_MS - 1);
    expect(action).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(action).toHaveBeenCalledTimes(1);
  });

  it('stops, also after the first leg', () => {
    const action = jest.fn();
    const stop = longTimeout(action, 60 * DAY_MS);
    jest.advanceTimersByTime(40 * DAY_MS);
    stop();
    jest.advanceTimersByTime(40 * DAY_MS);
    expect(action).not.toHaveBeenCalled();
  });

  it('fires at once for a time in the past', () => {
    const action = jest.fn();
    longTimeout(action, -5);
    jest.advanceTimersByTime(1);
    expect(action).toHaveBeenCalledTimes(1);
  });
});
