import { chmodSync, closeSync, copyFileSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EmbeddedMongoError } from '../public-error';
import { startFailure } from '../storage/failures';
import { DATA_FILE, Storage, syncFolder } from '../storage/storage';
import { verifyStore, type VerifyReport } from './verify';

function syncFile(path: string): void {
  const fd = openSync(path, 'r+');
  fsyncSync(fd);
  closeSync(fd);
}

/**
 * Copies the newest commit of a store into one file of mode 0600, also while it is served. The file appears under its
 * name when it is complete and on the disk.
 * @throws INVALID_OPTIONS when the file exists, BROKEN when the folder holds no store.
 */
export async function backupStore(dir: string, to: string): Promise<void> {
  const target = resolve(to);
  if (existsSync(target)) throw new EmbeddedMongoError('INVALID_OPTIONS', `${target} exists already`);
  if (!existsSync(join(dir, DATA_FILE))) throw new EmbeddedMongoError('BROKEN', `there is no store in ${dir}`);
  const draft = `${target}.${process.pid}.part`;
  try {
    const storage = Storage.attach(dir, 'read');
    try {
      await storage.copyTo(draft);
    } finally {
      await storage.close();
    }
    chmodSync(draft, 0o600);
    syncFile(draft);
    renameSync(draft, target);
    syncFolder(dirname(target));
  } catch (error) {
    rmSync(draft, { force: true });
    throw startFailure(error, dirname(target));
  }
}

/**
 * Puts a backup into an empty or missing folder and checks the result.
 * @throws INVALID_OPTIONS when the folder is not empty or the backup is missing; BROKEN when the backup is damaged, the
 * folder is empty again then.
 */
export async function restoreStore(from: string, dir: string): Promise<VerifyReport> {
  if (!existsSync(from)) throw new EmbeddedMongoError('INVALID_OPTIONS', `${from} does not exist`);
  const path = join(dir, DATA_FILE);
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    if (readdirSync(dir).length > 0) throw new EmbeddedMongoError('INVALID_OPTIONS', `${dir} is not empty`);
    chmodSync(dir, 0o700);
    copyFileSync(from, path);
    chmodSync(path, 0o600);
    syncFile(path);
    const report = await verifyStore(dir);
    if (report.problems.length === 0) {
      syncFolder(dir);
      return report;
    }
    throw new EmbeddedMongoError('BROKEN', `the backup is damaged: ${report.problems[0] ?? ''}`);
  } catch (error) {
    const isOurs = !(error instanceof EmbeddedMongoError && error.code === 'INVALID_OPTIONS');
    if (isOurs) for (const file of [path, `${path}-lock`]) rmSync(file, { force: true });
    throw startFailure(error, dir);
  }
}
