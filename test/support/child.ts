import { type ChildProcess, spawn } from 'node:child_process';

const START_MS = 30_000;

/** A process of a test's own, which it kills, pauses and continues. */
export class Child {
  private tail = '';

  private constructor(
    private readonly process: ChildProcess,
    private readonly gone: Promise<unknown>,
  ) {
    const keep = (chunk: Buffer): void => void (this.tail = (this.tail + chunk.toString()).slice(-4_000));
    process.stdout?.on('data', keep);
    process.stderr?.on('data', keep);
  }

  /**
   * Starts a Node program and waits until it says so.
   * @param isReady asked with what the process has written so far
   */
  static async start(
    args: readonly string[],
    env: Record<string, string>,
    isReady: (output: string) => boolean | Promise<boolean>,
  ): Promise<Child> {
    const inherited = { PATH: process.env['PATH'] ?? '' };
    const spawned = spawn(process.execPath, [...args], {
      env: { ...inherited, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const child = new Child(spawned, new Promise((resolve) => spawned.once('exit', resolve)));
    const end = Date.now() + START_MS;
    while (!(await isReady(child.tail))) {
      if (!child.isAlive() || Date.now() > end) {
        await child.kill();
        throw new Error(`${args[0]} did not start:\n${child.tail}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    return child;
  }

  /** The last of what it wrote. */
  get output(): string {
    return this.tail;
  }

  isAlive(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  pause(): void {
    this.process.kill('SIGSTOP');
  }

  resume(): void {
    this.process.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    if (this.isAlive()) this.process.kill('SIGKILL');
    await this.gone;
  }
}
