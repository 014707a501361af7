import { DomainError } from './errors/domain-error';
import { SharedRuns } from './shared-runs';

describe('SharedRuns', () => {
  function aRun() {
    const runs: { keys: readonly string[]; end: (error?: Error) => void }[] = [];
    const shared = new SharedRuns<string>(
      (keys) =>
        new Promise((resolve, reject) => runs.push({ keys, end: (error) => (error ? reject(error) : resolve()) })),
      20,
    );
    return { runs, shared };
  }
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('runs once for all who ask in one turn', async () => {
    const { runs, shared } = aRun();
    const both = Promise.all([shared.run(['a', 'b']), shared.run(['b', 'c'])]);
    await turn();
    expect(runs.map(({ keys }) => keys)).toEqual([['a', 'b', 'c']]);
    runs[0]?.end();
    await both;
  });

  it('lets nobody share a run that began before the call', async () => {
    const { runs, shared } = aRun();
    const first = shared.run(['a']);
    await turn();
    let ended = false;
    const second = shared.run(['a']).then(() => (ended = true));
    const third = shared.run(['d']);
    runs[0]?.end();
    await first;
    await turn();
    expect(ended).toBe(false);
    expect(runs.map(({ keys }) => keys)).toEqual([['a'], ['a', 'd']]);
    runs[1]?.end();
    await Promise.all([second, third]);
  });

  it('tells everybody of a failure and goes on', async () => {
    const { runs, shared } = aRun();
    const failed = Promise.allSettled([shared.run(['a']), shared.run(['b'])]);
    await turn();
    runs[0]?.end(new Error('away'));
    expect((await failed).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const again = shared.run(['a']);
    await turn();
    runs[1]?.end();
    await expect(again).resolves.toBeUndefined();
  });

  it('gives up a run that never ends', async () => {
    const { runs, shared } = aRun();
    await expect(shared.run(['a'])).rejects.toBeInstanceOf(DomainError);
    const again = shared.run(['a']);
    await turn();
    runs[1]?.end();
    await expect(again).resolves.toBeUndefined();
  });
});
