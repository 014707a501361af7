import { FlushTogether, type Flushable } from './flush-together';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class Connection implements Flushable {
  constructor(
    private readonly name: string,
    private readonly log: string[],
  ) {}
  flush(): void {
    this.log.push(this.name);
  }
}

describe('FlushTogether', () => {
  function connection(name: string, log: string[], flushes: FlushTogether): Flushable {
    const made = new Connection(name, log);
    flushes.take(made);
    return made;
  }

  it('writes once for all that a turn says to a connection, later promises of the turn included', async () => {
    const log: string[] = [];
    const flushes = new FlushTogether();
    const [marie, paul] = [connection('marie', log, flushes), connection('paul', log, flushes)];
    marie.flush();
    paul.flush();
    await Promise.resolve().then(() => marie.flush());
    expect(log).toEqual([]);
    await turn();
    expect(log).toEqual(['marie', 'paul']);
  });

  it('writes again in the next turn', async () => {
    const log: string[] = [];
    const marie = connection('marie', log, new FlushTogether());
    for (let i = 0; i < 3; i++) {
      marie.flush();
      await turn();
    }
    expect(log).toEqual(['marie', 'marie', 'marie']);
  });
});
