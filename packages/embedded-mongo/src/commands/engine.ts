import type { Document } from '../bson/values';
import { Catalog } from '../catalog/catalog';
import { CursorRegistry } from '../exec/cursors';
import { Writer } from '../exec/writer';
import type { Storage } from '../storage/storage';

/** Everything the commands work on. */
export class Engine {
  readonly catalog: Catalog;
  readonly cursors: CursorRegistry;
  readonly writer: Writer;
  readonly startedAt = Date.now();
  readonly opcounters = { insert: 0, query: 0, update: 0, delete: 0, getmore: 0, command: 0 };
  /** Queries that no index served: each is a scan of a whole collection. */
  collectionScans = 0;

  /** `lane` tells the cursors of this engine from those of a second one on the same store. */
  constructor(
    readonly storage: Storage,
    lane: 0 | 1 = 0,
  ) {
    this.cursors = new CursorRegistry(lane);
    this.catalog = new Catalog(storage);
    this.writer = new Writer(storage, this.catalog);
  }
}

/** What a command gets besides its body. */
export interface CommandContext {
  readonly engine: Engine;
  readonly connectionId: number;
  readonly db: string;
}

/** One command. `write` commands run inside the transaction of their turn. */
export interface Command {
  readonly write: boolean | ((body: Document) => boolean);
  /** Fields beyond the generic ones; undefined: not checked (commands without effect). */
  readonly fields?: readonly string[];
  readonly run: (context: CommandContext, body: Document) => Document | Buffer;
}
