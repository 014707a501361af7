import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { closeSync, openSync, readSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import * as lmdb from 'lmdb';
import { MongoClient } from 'mongodb';
import { initialiseCatalog } from '../src/catalog/catalog';
import { Engine } from '../src/commands/engine';
import { WireServer } from '../src/server';
import { DATA_FILE, Storage } from '../src/storage/storage';
import { freshDir } from './support';

/** An insert's reply has `n: 1` (int32). */
const REPLY = Buffer.from([0x10, 0x6e, 0, 1, 0, 0, 0]);

/** The number of the newest commit that the file's two headers speak of. */
function newestCommit(file: string): bigint {
  const fd = openSync(file, 'r');
  const head = Buffer.alloc(16_384);
  readSync(fd, head);
  closeSync(fd);
  const pageSize = head.readUInt32LE(48);
  const [first, second] = [head.readBigUInt64LE(152), head.readBigUInt64LE(pageSize + 152)];
  return first > second ? first : second;
}

describe('an acknowledged insert', () => {
  const dir = freshDir();
  const file = join(dir, DATA_FILE);
  const opened = jest.spyOn(lmdb, 'open');
  /** The newest commit in the file at the moment the server handed a reply to its socket. */
  const commitsAtReplies: bigint[] = [];
  let storage: Storage;
  let server: WireServer;
  let client: MongoClient;

  const watchReplies = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    const write: (chunk: Buffer) => boolean = socket.write.bind(socket);
    socket.write = (chunk: unknown): boolean => {
      if ((chunk as Buffer).includes(REPLY)) commitsAtReplies.push(newestCommit(file));
      return write(chunk as Buffer);
    };
  };

  beforeAll(async () => {
    storage = await Storage.open(dir, initialiseCatalog);
    subscribe('net.server.socket', watchReplies);
    server = new WireServer(new Engine(storage), (error) => {
      throw error;
    });
    const path = join(dir, 'store.sock');
    await server.listen(path);
    client = await MongoClient.connect(`mongodb://${encodeURIComponent(path)}/?directConnection=true`);
  });
  afterAll(async () => {
    unsubscribe('net.server.socket', watchReplies);
    await client.close();
    await server.close();
    await storage.close();
    opened.mockRestore();
    rmSync(dir, { recursive: true, force: true });
  });

  it('is answered after the header that speaks of it is in the file', async () => {
    const rows = client.db('flush').collection<{ _id: number }>('rows');
    await rows.insertOne({ _id: 0 });
    const before = newestCommit(file);
    commitsAtReplies.length = 0;
    for (let i = 1; i <= 5; i++) await rows.insertOne({ _id: i });
    expect(commitsAtReplies).toEqual([1n, 2n, 3n, 4n, 5n].map((each) => before + each));
  });

  it('has a header that LMDB writes only after the flush of its pages', () => {
    const asked = opened.mock.calls as unknown as [Record<string, unknown>][];
    // Once to make the store aside, once to open it.
    expect(asked).toHaveLength(2);
    for (const [options] of asked) {
      const { overlappingSync, noSync, noMetaSync, useWritemap } = options;
      expect({ overlappingSync, noSync, noMetaSync, useWritemap }).toEqual({ overlappingSync: false });
    }
  });
});
