import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Actor } from '../common/actor';
import { Clock } from '../common/clock';
import { KeyedTurns } from '../common/keyed-turns';
import { SlidingWindow } from '../common/rate/sliding-window';
import type { ConversationInput } from '../contract/socket-events';
import { type Conversation, mayPost } from '../conversations/conversation';
import { ConversationReader } from '../conversations/conversation-reader';
import type { DomainEventMap } from '../events/domain-event-map';
import { DomainEvents } from '../events/domain-events';
import { LiveActivity } from '../presence/live-activity';

/** The same person typing on is told again at most this often. */
const REPEAT_MS = 2_000;
/** Typing ends by itself this long after the last event. */
const EXPIRY_MS = 6_000;
/** A start after a stop is told at once; above this many of them per `REPEAT_MS` it is a flood. */
const STARTS = 5;
const MAX_PARTICIPANTS = 100;

type Heard = DomainEventMap['typing.changed'];

/** A person is typing in a conversation, on whichever device. */
interface Spell {
  readonly conversationId: string;
  readonly actor: Actor;
  toldAt: number;
  /** When it was last heard of. */
  readonly heardAt: number;
  readonly expiry: NodeJS.Timeout;
}

/** Who is typing (contract 4): told to the others who are in the conversation now, stored nowhere. */
@Injectable()
export class TypingService implements OnModuleDestroy {
  private readonly spells = new Map<string, Spell>();
  /** Typing that another node told of: it ends here by itself too, when that node cannot say so any more. */
  private readonly elsewhere = new Map<string, { readonly toldAt: number; readonly expiry: NodeJS.Timeout }>();
  private readonly starts = new SlidingWindow(STARTS, REPEAT_MS);
  /** Checks of access take longer for one event than for the next; a stop must not overtake its start. */
  private readonly turns = new KeyedTurns();

  constructor(
    private readonly reader: ConversationReader,
    private readonly activity: LiveActivity,
    private readonly events: DomainEvents,
    private readonly clock: Clock,
  ) {
    events.on('conversation.left', ({ conversationId, userId }) => this.end(keyOf(conversationId, userId)));
    events.on('typing.changed', (event) => event.relayed && this.heard(event));
  }

  onModuleDestroy(): void {
    for (const key of [...this.spells.keys()]) this.end(key);
    for (const { expiry } of this.elsewhere.values()) clearTimeout(expiry);
  }

  /** @throws CONVERSATION_NOT_FOUND */
  start(actor: Actor, conversationId: string): Promise<ConversationInput> {
    return this.turns.run(actor.userId, async () => {
      const conversation = await this.reader.requireForParticipant(conversationId, actor.userId);
      const silent =
        conversation.participants.length > MAX_PARTICIPANTS || !mayPost(conversation, actor.userId, actor.role);
      if (!silent) this.typing(actor, conversation);
      return { conversation_id: conversation.id };
    });
  }

  /** @throws CONVERSATION_NOT_FOUND */
  stop(actor: Actor, conversationId: string): Promise<ConversationInput> {
    return this.turns.run(actor.userId, async () => {
      const conversation = await this.reader.requireForParticipant(conversationId, actor.userId);
      if (this.end(keyOf(conversation.id, actor.userId))) this.tell(actor, conversation, false);
      return { conversation_id: conversation.id };
    });
  }

  /** The actor's socket is gone, and with it the typing that was heard of by it last; in its turn: some may be checked still. */
  socketClosed({ userId, socketId }: Actor): Promise<void> {
    return this.turns.run(userId, async () => {
      const ended = [...this.spells].filter(([, { actor }]) => actor.socketId === socketId);
      await Promise.all(ended.map(([key, spell]) => this.lapse(key, spell)));
    });
  }

  private typing(actor: Actor, conversation: Conversation): void {
    const key = keyOf(conversation.id, actor.userId);
    const now = this.clock.now();
    const known = this.spells.get(key);
    if (!known && this.starts.take(key, now) > 0) return;
    const toldAt = Math.max(known?.toldAt ?? -REPEAT_MS, this.elsewhere.get(key)?.toldAt ?? -REPEAT_MS);
    const due = now - toldAt >= REPEAT_MS;
    if (known) clearTimeout(known.expiry);
    else this.activity.countTyping(actor.userId, 1);
    const expiry = setTimeout(() => void this.lapse(key, spell), EXPIRY_MS).unref();
    const spell: Spell = { conversationId: conversation.id, actor, toldAt: due ? now : toldAt, heardAt: now, expiry };
    this.spells.set(key, spell);
    if (due) this.tell(actor, conversation, true);
  }

  /** The person types, or ended typing, on a device of another node. */
  private heard({ conversationId, userId, userName, isTyping }: Heard): void {
    const key = keyOf(conversationId, userId);
    if (!isTyping) {
      this.end(key);
      return;
    }
    clearTimeout(this.elsewhere.get(key)?.expiry);
    const lapse = (): void => {
      this.elsewhere.delete(key);
      // Who types on here is told of when that ends.
      if (this.spells.has(key)) return;
      this.events.emit('typing.changed', { conversationId, userId, userName, isTyping: false, recipientIds: [] });
    };
    const expiry = setTimeout(lapse, EXPIRY_MS + REPEAT_MS).unref();
    this.elsewhere.set(key, { toldAt: this.clock.now(), expiry });
  }

  /** Nobody said that typing ended. */
  private async lapse(key: string, { actor, conversationId, heardAt }: Spell): Promise<void> {
    // Who types on, on a device of another node, is told of by that node.
    if ((this.elsewhere.get(key)?.toldAt ?? -Infinity) > heardAt) {
      this.drop(key);
      return;
    }
    if (!this.end(key)) return;
    // Who is not in it any more is not told of, and who cannot be looked up now is forgotten by the clients themselves.
    const conversation = await this.reader.findForParticipant(conversationId, actor.userId).catch(() => undefined);
    if (conversation) this.tell(actor, conversation, false);
  }

  /** @returns whether there was something to end. */
  private end(key: string): boolean {
    clearTimeout(this.elsewhere.get(key)?.expiry);
    this.elsewhere.delete(key);
    return this.drop(key);
  }

  /** As `end`, of what is typed here. */
  private drop(key: string): boolean {
    const spell = this.spells.get(key);
    if (!spell) return false;
    clearTimeout(spell.expiry);
    this.spells.delete(key);
    this.activity.countTyping(spell.actor.userId, -1);
    return true;
  }

  private tell({ userId, displayName }: Actor, conversation: Conversation, isTyping: boolean): void {
    this.events.emit('typing.changed', {
      conversationId: conversation.id,
      userId,
      userName: displayName,
      isTyping,
      recipientIds: this.reader.recipientsOf(conversation).filter((id) => id !== userId),
    });
  }
}

const keyOf = (conversationId: string, userId: string): string => `${conversationId}/${userId}`;
