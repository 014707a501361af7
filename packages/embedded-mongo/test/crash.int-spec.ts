import { crashRounds } from './crash/harness';

jest.setTimeout(120_000);

describe('a store whose process is killed', () => {
  // The long series is a script of its own: npm run store:crash -- --rounds 60.
  it('has every acknowledged write, none by halves, and indexes that agree, after 6 kills under 21 writers', async () => {
    const { acknowledged, ...books } = await crashRounds({ rounds: 6, writes: 150 });
    expect(books).toMatchObject({ rounds: 6, lost: [], half: [], problems: [] });
    expect(acknowledged).toBeGreaterThan(20);
  });
});
