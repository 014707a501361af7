import { closeSync, openSync, readSync } from 'node:fs';
import { readHeader, type DataFileHeader } from './data-file';

const HEADER_BYTES = 24;
const NO_PAGE = 2n ** 64n - 1n;
const PageKind = { branch: 1, leaf: 2, overflow: 4 } as const;
const NodeFlag = { overflow: 1, table: 2 } as const;
const MAX_PROBLEMS = 20;

/** One tree's record: how deep it is, how many entries it has, where it starts. */
interface TreeRecord {
  readonly depth: number;
  readonly entries: number;
  readonly root: bigint;
}

function recordOf(bytes: Buffer): TreeRecord {
  return { depth: bytes.readUInt16LE(6), entries: Number(bytes.readBigUInt64LE(32)), root: bytes.readBigUInt64LE(40) };
}

/** Walks every page that the trees of a data file reach, with plain reads, so that damage is found and never mapped. */
class TreeWalk {
  readonly problems: string[] = [];
  private readonly visited: Uint8Array;

  constructor(
    private readonly fd: number,
    private readonly header: DataFileHeader,
  ) {
    const pages = Math.min(header.lastPage + 1, Math.ceil(header.fileBytes / header.pageSize));
    this.visited = new Uint8Array(pages);
  }

  /** Walks one tree and compares what it holds with its record. */
  tree(name: string, record: TreeRecord, isOrdered: boolean): void {
    if (record.root === NO_PAGE) {
      if (record.entries > 0) this.report(`${name} has lost its root`);
      return;
    }
    const entries = this.page(name, record.root, record.depth, isOrdered);
    if (this.problems.length === 0 && entries !== record.entries) {
      this.report(`${name} holds ${entries} entries instead of ${record.entries}`);
    }
  }

  private report(problem: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(problem);
  }

  private read(name: string, number: bigint): Buffer | undefined {
    const at = Number(number);
    if (number < 2n || at >= this.visited.length) {
      this.report(`${name} needs page ${number}, which the file does not have`);
      return undefined;
    }
    if (this.visited[at] === 1) {
      this.report(`page ${at} is used twice`);
      return undefined;
    }
    this.visited[at] = 1;
    const page = Buffer.allocUnsafe(this.header.pageSize);
    const bytes = readSync(this.fd, page, 0, page.length, at * page.length);
    if (bytes === page.length && page.readBigUInt64LE(0) === number) return page;
    this.report(`page ${at} of ${name} is damaged`);
    return undefined;
  }

  private page(name: string, number: bigint, depth: number, isOrdered: boolean): number {
    const page = this.read(name, number);
    if (!page) return 0;
    const kind = page.readUInt16LE(18);
    const lower = page.readUInt16LE(20);
    const upper = page.readUInt16LE(22);
    const expected = depth > 1 ? PageKind.branch : PageKind.leaf;
    if (kind !== expected || lower % 2 !== 0 || lower > upper || upper > page.length - HEADER_BYTES || depth < 1) {
      this.report(`page ${number} of ${name} is damaged`);
      return 0;
    }
    let entries = 0;
    let previous: Buffer | undefined;
    for (let i = 0; i < lower / 2; i++) {
      const at = HEADER_BYTES + page.readUInt16LE(HEADER_BYTES + 2 * i);
      const key = this.keyAt(page, at);
      if (!key || (isOrdered && previous && previous.compare(key) >= 0)) {
        this.report(`entry ${i} of page ${number} of ${name} is damaged`);
        continue;
      }
      if (i > 0 || depth === 1) previous = key;
      entries += depth > 1 ? this.child(name, page, at, depth, isOrdered) : this.leaf(name, page, at, key);
    }
    return entries;
  }

  private keyAt(page: Buffer, at: number): Buffer | undefined {
    if (at + 8 > page.length) return undefined;
    const end = at + 8 + page.readUInt16LE(at + 6);
    return end > page.length ? undefined : page.subarray(at + 8, end);
  }

  private child(name: string, page: Buffer, at: number, depth: number, isOrdered: boolean): number {
    const low = BigInt(page.readUInt32LE(at));
    return this.page(name, low | (BigInt(page.readUInt16LE(at + 4)) << 32n), depth - 1, isOrdered);
  }

  private leaf(name: string, page: Buffer, at: number, key: Buffer): number {
    const flags = page.readUInt16LE(at + 4);
    const size = page.readUInt32LE(at);
    const value = at + 8 + key.length;
    const inline = flags & NodeFlag.overflow ? 24 : size;
    if (value + inline > page.length) {
      this.report(`an entry of ${name} reaches beyond its page`);
      return 1;
    }
    if (flags & NodeFlag.overflow) this.overflow(name, page.readBigUInt64LE(value), size);
    if (flags & NodeFlag.table) {
      this.tree(`table ${key.toString('latin1')}`, recordOf(page.subarray(value, value + 48)), true);
    }
    return 1;
  }

  private overflow(name: string, number: bigint, size: number): void {
    const page = this.read(name, number);
    if (!page) return;
    const pages = page.readUInt32LE(20);
    const last = Number(number) + pages - 1;
    if (page.readUInt16LE(18) !== PageKind.overflow || pages * page.length < size + HEADER_BYTES) {
      this.report(`page ${number} of ${name} is damaged`);
    } else if (last >= this.visited.length) {
      this.report(`${name} needs page ${last}, which the file does not have`);
    } else {
      this.visited.fill(1, Number(number), last + 1);
    }
  }
}

/**
 * Checks that all pages of a data file that nobody writes to are there and hang together. Says nothing about what the
 * documents mean: that is `verifyStore`'s part. Throws BROKEN when the file is no data file at all.
 */
export function structureProblems(path: string): string[] {
  const fd = openSync(path, 'r');
  try {
    const header = readHeader(fd, path);
    const walk = new TreeWalk(fd, header);
    walk.tree('the free list', recordOf(header.freeTree), false);
    walk.tree('the list of tables', recordOf(header.mainTree), true);
    return walk.problems;
  } finally {
    closeSync(fd);
  }
}
