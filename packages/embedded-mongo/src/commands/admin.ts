import { Long } from 'bson';
import type { Document } from '../bson/values';
import { commandError } from '../errors';
import { MAX_DOCUMENT_BYTES } from '../exec/writer';
import { spanOf } from '../storage/storage';
import { MAX_MESSAGE_BYTES } from '../wire/message';
import { stringOf } from './arguments';
import type { Command, CommandContext, Engine } from './engine';

/** The server version that `buildInfo` names; the features are those of a 7.0 standalone. */
const VERSION = '7.0.0';

function hello(context: CommandContext, primaryField: string): Document {
  return {
    helloOk: true,
    [primaryField]: true,
    maxBsonObjectSize: MAX_DOCUMENT_BYTES,
    maxMessageSizeBytes: MAX_MESSAGE_BYTES,
    maxWriteBatchSize: 100_000,
    localTime: new Date(),
    logicalSessionTimeoutMinutes: 30,
    connectionId: context.connectionId,
    minWireVersion: 0,
    maxWireVersion: 21,
    readOnly: false,
    ok: 1,
  };
}

function sizeOf(engine: Engine): number {
  const { pageSize, lastPageNumber } = engine.storage.stats();
  return Number(pageSize) * (Number(lastPageNumber) + 1);
}

function dbStats({ engine, db }: CommandContext): Document {
  const collections = engine.catalog.list(db);
  const objects = collections.reduce((sum, { id }) => sum + countSpan(engine, id), 0);
  const indexes = collections.reduce((sum, collection) => sum + collection.indexes.length + 1, 0);
  const size = sizeOf(engine);
  return { db, collections: collections.length, views: 0, objects, indexes, dataSize: size, storageSize: size, ok: 1 };
}

function countSpan(engine: Engine, id: number): number {
  return engine.storage.documents.getKeysCount(spanOf(id));
}

function collStats({ engine, db }: CommandContext, body: Document): Document {
  const name = stringOf('collStats', body, 'collStats');
  const collection = engine.catalog.get(`${db}.${name}`);
  const count = collection ? countSpan(engine, collection.id) : 0;
  return {
    ns: `${db}.${name}`,
    count,
    size: 0,
    storageSize: 0,
    nindexes: (collection?.indexes.length ?? -1) + 1,
    ok: 1,
  };
}

function serverStatus({ engine }: CommandContext): Document {
  const uptime = Math.floor((Date.now() - engine.startedAt) / 1000);
  return {
    host: 'embedded',
    version: VERSION,
    process: 'embedded-mongo',
    pid: Long.fromNumber(process.pid),
    uptime,
    localTime: new Date(),
    opcounters: engine.opcounters,
    metrics: { cursor: { open: { total: engine.cursors.size } } },
    // What only this store knows: commits are flushes, `commands / commits` is how well it groups them.
    embedded: { ...engine.storage.counters, collectionScans: engine.collectionScans, sizeOnDisk: sizeOf(engine) },
    ok: 1,
  };
}

function listDatabases({ engine }: CommandContext): Document {
  const names = [...new Set(engine.catalog.list().map((collection) => collection.db))];
  const databases = names.map((name) => ({ name, sizeOnDisk: Long.fromNumber(0), empty: false }));
  return { databases, totalSize: Long.fromNumber(sizeOf(engine)), ok: 1 };
}

function buildInfo(): Document {
  return {
    version: VERSION,
    versionArray: VERSION.split('.').map(Number).concat(0),
    gitVersion: 'embedded-mongo',
    modules: ['embedded-mongo'],
    bits: 64,
    maxBsonObjectSize: MAX_DOCUMENT_BYTES,
    storageEngines: ['lmdb'],
    ok: 1,
  };
}

const done = (): Document => ({ ok: 1 });

function unsupportedTransaction(): Document {
  throw commandError('IllegalOperation', 'Transaction numbers are only allowed on a replica set member or mongos');
}

/** Commands about the server itself. */
export const adminCommands: Readonly<Record<string, Command>> = {
  hello: { write: false, run: (context) => hello(context, 'isWritablePrimary') },
  isMaster: { write: false, run: (context) => hello(context, 'ismaster') },
  ismaster: { write: false, run: (context) => hello(context, 'ismaster') },
  ping: { write: false, fields: [], run: done },
  buildInfo: { write: false, fields: [], run: buildInfo },
  buildinfo: { write: false, fields: [], run: buildInfo },
  serverStatus: { write: false, run: serverStatus },
  dbStats: { write: false, fields: ['scale', 'freeStorage'], run: dbStats },
  dbstats: { write: false, fields: ['scale', 'freeStorage'], run: dbStats },
  collStats: { write: false, fields: ['scale'], run: collStats },
  listDatabases: { write: false, fields: ['nameOnly', 'authorizedDatabases'], run: listDatabases },
  connectionStatus: {
    write: false,
    run: () => ({ authInfo: { authenticatedUsers: [], authenticatedUserRoles: [] }, ok: 1 }),
  },
  endSessions: { write: false, run: done },
  refreshSessions: { write: false, run: done },
  killSessions: { write: false, run: done },
  killAllSessions: { write: false, run: done },
  commitTransaction: { write: false, run: unsupportedTransaction },
  abortTransaction: { write: false, run: unsupportedTransaction },
};
