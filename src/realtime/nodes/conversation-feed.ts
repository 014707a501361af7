import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { errorName } from '../../common/error-name';
import { ConversationReader, type Current } from '../../conversations/conversation-reader';
import { type Arrival, merged, type NewMessages } from './arrival';
import { ArrivalTeller } from './arrival-teller';
import { RightsWatch } from './rights-watch';

/** Conversations that are asked for in one query. */
const ROUND = 500;
const RETRY_MS = 500;
/** What waits while the store is away; above, it is dropped and clients sync. */
const MOST_WAITING = 20_000;

/**
 * What happened in conversations, here and on other nodes, on its way to the sockets of this node: in one order, and by
 * an access list and rights that are read from the store at or after the commit, so that a removal, a changed role and a
 * deactivation by another node are known before anything newer is told. What arrives in one round shares those queries.
 */
@Injectable()
export class ConversationFeed implements OnModuleDestroy {
  private readonly logger = new Logger(ConversationFeed.name);
  private readonly queues = new Map<string, Arrival[]>();
  private waiting = 0;
  private running = false;
  private closed = false;
  private readonly dropListeners: (() => void)[] = [];

  constructor(
    private readonly reader: ConversationReader,
    private readonly teller: ArrivalTeller,
    private readonly rights: RightsWatch,
  ) {}

  /** Calls `listener` when events will not be told. */
  onDrop(listener: () => void): void {
    this.dropListeners.push(listener);
  }

  onModuleDestroy(): void {
    this.closed = true;
  }

  /** Cheap, no I/O; it is told soon. */
  push(conversationId: string, arrival: Arrival): void {
    if (this.waiting >= MOST_WAITING) this.drop();
    const queue = this.queues.get(conversationId);
    if (queue) queue.push(arrival);
    else this.queues.set(conversationId, [arrival]);
    this.waiting += 1;
    if (!this.running) void this.run();
  }

  private drop(): void {
    this.queues.clear();
    this.waiting = 0;
    for (const listener of this.dropListeners) listener();
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.queues.size > 0 && !this.closed) {
      const batch = this.take();
      try {
        const [current] = await Promise.all([this.reader.current([...batch.keys()]), this.rights.catchUp()]);
        const told = await Promise.allSettled([...batch].map(([id, queue]) => this.tell(queue, current.get(id))));
        const failed = told.find((one) => one.status === 'rejected');
        if (failed) throw failed.reason;
      } catch (error) {
        this.logger.warn(`events could not be told (${errorName(error)}): trying again`);
        this.putBack(batch);
        await delay(RETRY_MS, undefined, { ref: false });
      }
    }
    this.running = false;
  }

  private take(): Map<string, Arrival[]> {
    const batch = new Map([...this.queues].slice(0, ROUND));
    for (const [id, queue] of batch) {
      this.queues.delete(id);
      this.waiting -= queue.length;
    }
    return batch;
  }

  /** What was told has left its queue. */
  private putBack(batch: ReadonlyMap<string, Arrival[]>): void {
    for (const [id, queue] of batch) {
      if (queue.length === 0) continue;
      this.queues.set(id, [...queue, ...(this.queues.get(id) ?? [])]);
      this.waiting += queue.length;
    }
  }

  /** Takes from the queue what is told. Messages first: everything else speaks of them. */
  private async tell(queue: Arrival[], current: Current | undefined): Promise<void> {
    if (!current) {
      queue.length = 0;
      return;
    }
    const arrived = queue.filter(isNew);
    const created = [...arrived, ...this.committedMeanwhile(current.conversation.id, arrived)];
    const others = merged(queue.filter((arrival) => !isNew(arrival)));
    queue.splice(0, queue.length, ...created, ...others);
    if (created.length > 0) await this.teller.tellMessages(created, current);
    queue.splice(0, created.length);
    for (const other of others) {
      await this.teller.tell(other, current);
      queue.shift();
    }
  }

  /** Own messages below those that arrived: only here it is known which socket has the answer already. */
  private committedMeanwhile(conversationId: string, arrived: readonly NewMessages[]): NewMessages[] {
    const upTo = Math.max(0, ...arrived.map((arrival) => arrival.upTo));
    const queue = this.queues.get(conversationId);
    const found = queue?.filter(isNew).filter((arrival) => arrival.upTo <= upTo) ?? [];
    for (const arrival of found) queue?.splice(queue.indexOf(arrival), 1);
    this.waiting -= found.length;
    return found;
  }
}

const isNew = (arrival: Arrival): arrival is NewMessages => arrival.kind === 'messages';
