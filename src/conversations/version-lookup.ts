import { Injectable } from '@nestjs/common';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ConversationsRepository, type Standing } from './conversations.repository';

/** An answer that took longer, milliseconds, may tell of the time before the process was stopped. */
const FRESH_MS = 500;
const TRIES = 3;

interface Batch {
  readonly ids: Set<string>;
  readonly answer: Promise<Map<string, Standing>>;
}

/** How far conversations have come in the store. Who asks in one turn of the event loop shares a query. */
@Injectable()
export class VersionLookup {
  private batch: Batch | undefined;

  constructor(private readonly repository: ConversationsRepository) {}

  /** @returns where the conversation stood at or after the call; undefined for one that does not exist. */
  async of(conversationId: string): Promise<Standing | undefined> {
    return (await this.ofMany([conversationId])).get(conversationId);
  }

  /** As `of`; those that do not exist are left out, others may be in it. */
  ofMany(conversationIds: readonly string[]): Promise<ReadonlyMap<string, Standing>> {
    this.batch ??= this.open();
    for (const id of conversationIds) this.batch.ids.add(id);
    return this.batch.answer;
  }

  private open(): Batch {
    const ids = new Set<string>();
    const answer = nextTurn().then(() => {
      this.batch = undefined;
      return this.read([...ids]);
    });
    return { ids, answer };
  }

  private async read(ids: readonly string[]): Promise<Map<string, Standing>> {
    for (let attempt = 1; ; attempt += 1) {
      const started = performance.now();
      const found = await this.repository.standings(ids);
      if (attempt === TRIES || performance.now() - started < FRESH_MS) return found;
    }
  }
}
