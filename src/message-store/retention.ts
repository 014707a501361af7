import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../common/clock';
import { AppConfig } from '../config/app-config';
import type { Message, MessageStub } from './message';
import { MessagesRepository } from './messages.repository';

/** What is asked of a conversation. */
export interface Retained {
  readonly id: string;
  readonly createdAt: Date;
  /** Everything up to here is gone from the store, or about to be. */
  readonly floorSeq: number;
  readonly summary: { readonly seq: number };
}

const CACHED_FLOORS = 20_000;

/**
 * What has expired (contract 6.7), from the moment it has: the job that removes it comes later. `created_at` never goes
 * back within a conversation, so that the expired messages are always the ones up to some `seq`: the floor.
 */
@Injectable()
export class Retention {
  /** A floor stands until the first message above it expires. */
  private readonly floors = new LRUCache<string, { seq: number; until: number }>({ max: CACHED_FLOORS });

  constructor(
    private readonly messages: MessagesRepository,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /** Messages created before this moment have expired. */
  cutoff(): Date {
    return new Date(this.clock.now() - this.config.messageRetentionMs);
  }

  isExpired({ createdAt }: Pick<Message, 'createdAt'>): boolean {
    return createdAt < this.cutoff();
  }

  /** @returns the `seq` up to which everything has expired: no read for young conversations, seldom one for others. */
  async floorOf(conversation: Retained): Promise<number> {
    const cutoff = this.cutoff();
    if (conversation.createdAt >= cutoff) return conversation.floorSeq;
    const now = this.clock.now();
    const cached = this.floors.get(conversation.id);
    if (cached && now < cached.until && cached.seq >= conversation.floorSeq) return cached.seq;
    const found = await this.search(conversation, Math.max(conversation.floorSeq, cached?.seq ?? 0), cutoff);
    this.floors.set(conversation.id, found);
    return found.seq;
  }

  /** @param expired a `seq` up to which everything is known to have expired */
  private async search(
    { id, summary }: Retained,
    expired: number,
    cutoff: Date,
  ): Promise<{ seq: number; until: number }> {
    // The job may have removed more than the conversation, read earlier, knows of: the floor ends below what is left.
    const first = await this.firstAbove(id, expired);
    if (!first) return { seq: Math.max(expired, summary.seq), until: this.expiryOf(undefined) };
    if (first.createdAt >= cutoff) return { seq: first.seq - 1, until: this.expiryOf(first) };
    // What the job has not removed yet may be long: found by halving.
    const seq = Math.max(first.seq, await this.messages.seqAt(id, new Date(cutoff.getTime() - 1)));
    return { seq, until: this.expiryOf(await this.firstAbove(id, seq)) };
  }

  private async firstAbove(id: string, seq: number): Promise<MessageStub | undefined> {
    return (await this.messages.tail(id, seq, 1))[0];
  }

  /** When a message expires, or one that is yet to come. */
  private expiryOf(message: MessageStub | undefined): number {
    return (message?.createdAt.getTime() ?? this.clock.now()) + this.config.messageRetentionMs;
  }
}
