import { statfsSync } from 'node:fs';
import { EmbeddedMongoError, type EmbeddedMongoErrorCode } from '../public-error';

const FULL = /ENOSPC|EDQUOT|EFBIG|MDB_MAP_FULL|no space left|quota exceeded|file too large/i;
const READ_ONLY = /EROFS|EACCES|EPERM|read-only file system|permission denied|operation not permitted/i;
const BROKEN = /MDB_(INVALID|CORRUPTED|PAGE_NOTFOUND|VERSION_MISMATCH|BAD_)|Database not found/i;
/** Below this a write that came out short is taken for a full disk. */
const LITTLE_SPACE_BYTES = 1024 * 1024;

function textOf(error: unknown): string {
  return error instanceof Error ? `${String((error as NodeJS.ErrnoException).code)} ${error.message}` : String(error);
}

/** True when a write failed for want of room. LMDB reports a write that came out short as an I/O error. */
export function isDiskFull(error: unknown, dir: string): boolean {
  const text = textOf(error);
  if (FULL.test(text)) return true;
  if (!/EIO|input\/output error/i.test(text)) return false;
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize < LITTLE_SPACE_BYTES;
}

function codeOf(error: unknown, dir: string): EmbeddedMongoErrorCode {
  const text = textOf(error);
  if (READ_ONLY.test(text)) return 'READ_ONLY';
  if (BROKEN.test(text)) return 'BROKEN';
  return isDiskFull(error, dir) ? 'DISK_FULL' : 'UNAVAILABLE';
}

const ADVICE: Readonly<Record<string, string>> = {
  READ_ONLY: 'the folder cannot be written',
  DISK_FULL: 'the disk is full',
  BROKEN: 'the data file is damaged; check it with store:verify and restore a backup into an empty folder',
  UNAVAILABLE: 'the store cannot be opened',
};

/** Says why a folder could not be opened, in a code and a sentence for the operator. */
export function startFailure(error: unknown, dir: string): EmbeddedMongoError {
  if (error instanceof EmbeddedMongoError) return error;
  const code = codeOf(error, dir);
  const detail = error instanceof Error ? error.message : String(error);
  return new EmbeddedMongoError(code, `${ADVICE[code] ?? ''} (${dir}): ${detail}`, { cause: error });
}
