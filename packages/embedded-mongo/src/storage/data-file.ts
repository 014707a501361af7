import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { EmbeddedMongoError } from '../public-error';

const MAGIC = 0xbeefc0de;
const LAYOUT = 2;
/** Where a meta page keeps its fields, behind the page header of 24 bytes. */
const At = { magic: 24, layout: 28, pageSize: 48, freeTree: 48, mainTree: 96, lastPage: 144, txn: 152 } as const;
export const META_BYTES = 168;

/** What the newest meta page of a data file says. */
export interface DataFileHeader {
  readonly pageSize: number;
  readonly lastPage: number;
  readonly fileBytes: number;
  /** The two records that the trees of the free list and of the named tables start from. */
  readonly freeTree: Buffer;
  readonly mainTree: Buffer;
}

function broken(path: string, what: string): EmbeddedMongoError {
  return new EmbeddedMongoError('BROKEN', `${path} is damaged: ${what}. Nothing was changed; restore a backup`);
}

function isMeta(page: Buffer): boolean {
  return page.readUInt32LE(At.magic) === MAGIC && (page.readUInt32LE(At.layout) & 0xff) === LAYOUT;
}

/** Reads the header of an open data file; throws BROKEN when it is none. */
export function readHeader(fd: number, path: string): DataFileHeader {
  const first = Buffer.alloc(META_BYTES);
  const second = Buffer.alloc(META_BYTES);
  const fileBytes = fstatSync(fd).size;
  if (readSync(fd, first, 0, META_BYTES, 0) < META_BYTES) throw broken(path, `it has only ${fileBytes} bytes`);
  if (!isMeta(first)) throw broken(path, 'it does not start as a data file of this store');
  const pageSize = first.readUInt32LE(At.pageSize);
  if (pageSize < 512 || pageSize > 65_536) throw broken(path, 'its page size is impossible');
  if (readSync(fd, second, 0, META_BYTES, pageSize) < META_BYTES || !isMeta(second)) {
    throw broken(path, 'its second header is missing');
  }
  const newest = first.readBigUInt64LE(At.txn) > second.readBigUInt64LE(At.txn) ? first : second;
  return {
    pageSize,
    lastPage: Number(newest.readBigUInt64LE(At.lastPage)),
    fileBytes,
    freeTree: newest.subarray(At.freeTree, At.freeTree + 48),
    mainTree: newest.subarray(At.mainTree, At.mainTree + 48),
  };
}

/**
 * Looks at the header of a data file before LMDB maps it, because a page that is missing behind the end of the file
 * would kill the process instead of failing. True when the file is as long as its header says; a file may rightly lack
 * free pages at its end, so a shorter one has to be walked before it is opened.
 */
export function isComplete(path: string): boolean {
  const fd = openSync(path, 'r');
  try {
    const header = readHeader(fd, path);
    return header.fileBytes >= (header.lastPage + 1) * header.pageSize;
  } finally {
    closeSync(fd);
  }
}
