import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const fixture = (name: string): string => join(__dirname, 'fixtures', name);

function run(command: string, args: string[], uid?: number): Record<string, unknown> {
  const options = { encoding: 'utf8', ...(uid === undefined ? {} : { uid, gid: uid }) } as const;
  return JSON.parse(execFileSync(command, args, options)) as Record<string, unknown>;
}

/** A disk of a few MB below `dir`, where this user may mount one. */
export function mountSmallDisk(
  dir: string,
): { path: string; remount(mode: 'ro' | 'rw'): void; unmount(): void } | undefined {
  const path = join(dir, 'disk');
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m,mode=0755', 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return {
    path,
    remount: (mode) => execFileSync('mount', ['-o', `remount,${mode}`, path]),
    unmount: () => execFileSync('umount', ['-l', path]),
  };
}

/** Runs a fixture on a store. */
export function runOn(name: string, store: string): Record<string, unknown> {
  return run(process.execPath, [fixture(name), store]);
}

/** Runs a fixture whose files must not grow beyond some KB: a full disk for whoever may not mount one. */
export function runLimited(name: string, store: string, kilobytes: number): Record<string, unknown> {
  return run('bash', ['-c', `ulimit -f ${kilobytes}; exec "$0" "$@"`, process.execPath, fixture(name), store]);
}

/** Runs a fixture that may not write into the store's folder; root ignores modes, so it becomes nobody. */
export function runUnprivileged(name: string, store: string): Record<string, unknown> {
  chmodSync(store, 0o555);
  return run(process.execPath, [fixture(name), store], process.getuid?.() === 0 ? 65_534 : undefined);
}
