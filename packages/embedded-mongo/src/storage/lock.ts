import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedMongoError } from '../public-error';

/** Who holds a folder. */
interface Holder {
  readonly pid: number;
  /** Tells this process from an earlier one with the same number, as in a container where it is always 1. */
  readonly born: string;
  readonly token: string;
}

/** What Linux says of a process behind its name, which stands in parentheses and may hold spaces. */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** Killed, but nobody has asked how it ended: in a container without an init process it stays so for ever. */
const isZombie = (pid: number): boolean => statOf(pid)[0] === 'Z';

/** When a process was started, as text that no later process of that number shares; undefined where unknown. */
function birthOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    const startedAt = statOf(pid)[19];
    return startedAt && `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${startedAt}`;
  }
  // Whole tens of seconds: the same process may compute it twice with some ms of difference.
  return pid === process.pid ? `~${Math.round((Date.now() - process.uptime() * 1000) / 10_000)}` : undefined;
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  if (isZombie(holder.pid)) return false;
  const born = birthOf(holder.pid);
  return born === undefined || holder.born === '' || born === holder.born;
}

function read(path: string): { text: string; holder: Holder | undefined } | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return { text, holder: JSON.parse(text) as Holder };
  } catch {
    return { text, holder: undefined };
  }
}

/** Moves a dead process's lock away, unless another starter was faster and the lock is a new one by now. */
function removeStale(path: string, text: string): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (readFileSync(aside, 'utf8') !== text) {
    try {
      linkSync(aside, path);
    } catch {
      // Somebody holds it already; the next round finds out who.
    }
  }
  rmSync(aside, { force: true });
}

/**
 * Takes a folder for this process; returns what gives it back. The lock of a killed process is taken over at once.
 * The file is written aside and linked into place, so that nobody ever reads half of it.
 */
export function lockFolder(dir: string): () => void {
  const path = join(dir, 'store.lock');
  const token = randomUUID();
  const mine: Holder = { pid: process.pid, born: birthOf(process.pid) ?? '', token };
  const draft = `${path}.${token}`;
  writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 20; attempt++) {
      try {
        linkSync(draft, path);
        return () => release(path, token);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const found = read(path);
      if (found?.holder && isAlive(found.holder)) {
        throw new EmbeddedMongoError('LOCKED', `the folder is in use by process ${found.holder.pid}`);
      }
      if (found) removeStale(path, found.text);
    }
    throw new EmbeddedMongoError('LOCKED', 'the lock of the folder could not be taken');
  } finally {
    rmSync(draft, { force: true });
  }
}

function release(path: string, token: string): void {
  if (read(path)?.holder?.token === token) unlinkSync(path);
}

/** Runs `work` while no process serves the folder; a folder that cannot be written needs no lock, only no holder. */
export async function whileNobodyWrites<T>(dir: string, work: () => Promise<T>): Promise<T> {
  let unlock = (): void => {};
  try {
    unlock = lockFolder(dir);
  } catch (error) {
    if (error instanceof EmbeddedMongoError) throw error;
    const holder = read(join(dir, 'store.lock'))?.holder;
    if (holder && isAlive(holder)) {
      throw new EmbeddedMongoError('LOCKED', `the folder is in use by process ${holder.pid}`, { cause: error });
    }
  }
  try {
    return await work();
  } finally {
    unlock();
  }
}
