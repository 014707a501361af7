import { spawn } from 'node:child_process';
import { join } from 'node:path';

const COMMANDS = join(__dirname, '..', '..', 'dist', 'cli');

export interface Ended {
  /** Null: it was killed. */
  readonly code: number | null;
  readonly output: string;
}

/** An operator's command under way, as a process of its own. */
export interface RunningCommand {
  readonly ended: Promise<Ended>;
  kill(): void;
}

/** @param name as the file in src/cli */
export function startCommand(name: string, args: readonly string[], env: Record<string, string>): RunningCommand {
  const child = spawn(process.execPath, [join(COMMANDS, `${name}.js`), ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, output })));
  return { ended, kill: () => void child.kill('SIGKILL') };
}

export const runCommand = (...of: Parameters<typeof startCommand>): Promise<Ended> => startCommand(...of).ended;
