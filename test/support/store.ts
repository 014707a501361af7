import { startEmbeddedMongo } from '@presencepro/embedded-mongo';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mongoose';

export interface TestStore {
  readonly url: string;
  readonly database: string;
  stop(): Promise<void>;
}

/** A database of its own: on the engine that MONGODB_TEST_URL names, else on an embedded store in a temporary folder. */
export async function startTestStore(): Promise<TestStore> {
  const database = `test_${randomUUID().replaceAll('-', '').slice(0, 16)}`;
  const given = process.env['MONGODB_TEST_URL'];
  if (given) {
    const stop = async (): Promise<void> => {
      const connection = await createConnection(given, { dbName: database }).asPromise();
      await connection.dropDatabase();
      await connection.close();
    };
    return { url: given, database, stop };
  }
  const dir = await mkdtemp(join(tmpdir(), 'messaging-test-'));
  const embedded = await startEmbeddedMongo({ dir });
  const stop = async (): Promise<void> => {
    await embedded.stop();
    await rm(dir, { recursive: true, force: true });
  };
  return { url: embedded.uri, database, stop };
}
