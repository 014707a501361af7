import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedMongo, type EmbeddedMongo, type EmbeddedMongoOptions } from '@presencepro/embedded-mongo';
import { MongoClient, MongoServerError, type Db, type Document } from 'mongodb';

/** A store in a folder of its own, with a connected driver. */
export interface TestStore {
  readonly dir: string;
  readonly store: EmbeddedMongo;
  readonly client: MongoClient;
  readonly db: Db;
  close(): Promise<void>;
}

/** A fresh folder below the system's temporary one. */
export function freshDir(): string {
  return mkdtempSync(join(tmpdir(), 'embedded-mongo-test-'));
}

/** Starts a store; its folder is removed on `close` unless it was given. */
export async function openStore(options: Partial<EmbeddedMongoOptions> = {}): Promise<TestStore> {
  const dir = options.dir ?? freshDir();
  const store = await startEmbeddedMongo({ ...options, dir });
  const client = await MongoClient.connect(store.uri, { maxPoolSize: 60 });
  return {
    dir,
    store,
    client,
    db: client.db('school'),
    close: async () => {
      await client.close();
      await store.stop();
      if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** The server error a promise is rejected with. */
export async function serverError(promise: Promise<unknown>): Promise<MongoServerError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof MongoServerError) return error;
    throw error;
  }
  throw new Error('expected a server error');
}

/** The stages of an explain's winning plan, outermost first. */
export function stagesOf(explained: Document): string[] {
  const stages: string[] = [];
  const walk = (stage: Document | undefined): void => {
    if (!stage) return;
    stages.push(String(stage['stage']));
    walk(stage['inputStage'] as Document | undefined);
    for (const input of (stage['inputStages'] ?? []) as Document[]) walk(input);
  };
  walk((explained['queryPlanner'] as Document)['winningPlan'] as Document);
  return stages;
}

/** The name of the index an explain's winning plan scans. */
export function indexOf(explained: Document): string | undefined {
  const text = JSON.stringify((explained['queryPlanner'] as Document)['winningPlan']);
  return /"indexName":"([^"]*)"/.exec(text)?.[1];
}
