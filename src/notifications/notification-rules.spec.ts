import type { Message } from '../message-store/message';
import { wholeMilliseconds } from './notification-rules';

const created = (...times: number[]): Message[] => times.map((time) => ({ createdAt: new Date(time) }) as Message);
const timesOf = (page: readonly Message[]): number[] => page.map(({ createdAt }) => createdAt.getTime());

describe('wholeMilliseconds', () => {
  it.each([
    ['keeps a page that is not full', [1, 2, 2], 4, [1, 2, 2]],
    ['leaves the last millisecond of a full page for the next one', [1, 1, 2, 3, 3], 5, [1, 1, 2]],
    ['keeps a full page of one millisecond, so that it goes on', [7, 7, 7], 3, [7, 7, 7]],
    ['has nothing to say of nothing', [], 3, []],
  ])('%s', (_rule, times, limit, kept) => {
    expect(timesOf(wholeMilliseconds(created(...times), limit))).toEqual(kept);
  });

  it('walks through every message once, whatever the sizes', () => {
    const all = created(1, 2, 2, 2, 3, 4, 4, 5, 5, 5, 5, 6);
    for (const limit of [4, 5, 6, 20]) {
      const seen: Message[] = [];
      for (let after = 0; ;) {
        const page = all.filter(({ createdAt }) => createdAt.getTime() > after).slice(0, limit);
        const due = wholeMilliseconds(page, limit);
        seen.push(...due);
        after = due.at(-1)?.createdAt.getTime() ?? after;
        if (page.length < limit) break;
      }
      expect(seen).toEqual(all);
    }
  });
});
