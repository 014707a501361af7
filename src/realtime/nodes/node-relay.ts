import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { DomainEventMap } from '../../events/domain-event-map';
import { DomainEvents } from '../../events/domain-events';
import { NodeBus } from '../../node-bus/node-bus';
import type { NodeReceipt } from '../../node-bus/node-events';
import { RECEIPT_WINDOW_MS, ReceiptCoalescer } from '../receipt-coalescer';
import type { Arrival, Created, Delivered, Read } from './arrival';
import { ArrivalTeller } from './arrival-teller';
import { ConversationFeed } from './conversation-feed';
import { RightsWatch } from './rights-watch';
import { SyncCaller } from './sync-caller';
import type { LocalAudience, ToldName } from './told-events';

type Take = { [N in ToldName]: (event: DomainEventMap[N]) => void };

/** What is said of one thing in one turn of the event loop is said once. */
interface Turn {
  readonly created: Map<string, { from: number; upTo: number; at: string }>;
  readonly changed: Map<string, string>;
  readonly views: Map<string, { conversationId: string; event: 'created' | 'updated'; people: Set<string> }>;
}

/**
 * Between the nodes: what happened here goes out as references, what happened elsewhere comes into the feed. Contents of
 * messages never travel: each node reads the store, where access and the present state are (docs/adr/0006).
 */
@Injectable()
export class NodeRelay implements OnModuleDestroy {
  readonly enabled: boolean;
  private audience: LocalAudience | undefined;
  private turn: Turn | undefined;
  private readonly reads = new ReceiptCoalescer<Read>(
    RECEIPT_WINDOW_MS,
    ({ readerId }) => readerId,
    (event) => this.bus.publish('message.read', receiptOf(event, event.readerId, event.readAt)),
  );
  private readonly deliveries = new ReceiptCoalescer<Delivered>(
    RECEIPT_WINDOW_MS,
    ({ userId }) => userId,
    (event) => this.bus.publish('message.delivered', receiptOf(event, event.userId, event.deliveredAt)),
  );
  private readonly handlers: Take = {
    'message.created': (event) => this.created(event),
    'message.read': (event) => {
      this.reads.push(event);
      this.feed.push(event.conversationId, { kind: 'read', event });
    },
    'message.delivered': (event) => {
      this.deliveries.push(event);
      this.feed.push(event.conversationId, { kind: 'delivered', event });
    },
    'typing.changed': (event) => this.typing(event),
    'message.updated': ({ message }) => this.changed(message.conversation_id, message.message_id),
    'message.deleted': ({ conversationId, messageId }) => this.changed(conversationId, messageId),
    'conversation.created': (event) => this.viewed('created', event),
    'conversation.updated': (event) => this.viewed('updated', event),
    'conversation.joined': ({ conversationId, userId }) => {
      this.bus.publish('conversation.joined', { conversationId, userId });
      this.feed.push(conversationId, { kind: 'joined', userId });
    },
    'conversation.left': (event) => this.left(event),
  };

  constructor(
    private readonly bus: NodeBus,
    private readonly feed: ConversationFeed,
    private readonly teller: ArrivalTeller,
    private readonly calls: SyncCaller,
    rights: RightsWatch,
    events: DomainEvents,
  ) {
    this.enabled = bus.enabled;
    if (!bus.enabled) return;
    this.listen();
    bus.on('user.changed', ({ userId }) => rights.check([userId]));
    feed.onDrop(() => calls.everybody());
    bus.onGap(() => {
      rights.checkAll();
      calls.everybody();
    });
    const tellRights = ({ userId, relayed }: { userId: string; relayed?: true }): void => {
      if (!relayed) bus.publish('user.changed', { userId });
    };
    events.on('user.role_changed', tellRights);
    events.on('user.deactivated', tellRights);
  }

  /** Called once. */
  attach(audience: LocalAudience): void {
    this.audience = audience;
    this.calls.attach(audience);
    this.teller.attach(audience);
  }

  onModuleDestroy(): void {
    this.reads.close();
    this.deliveries.close();
  }

  /** Something happened, here or (`relayed`) elsewhere: it is told on this node in its turn, and to the other nodes. */
  take<N extends ToldName>(name: N, event: DomainEventMap[N]): void {
    this.handlers[name](event);
  }

  private listen(): void {
    const { bus, feed } = this;
    const push = (conversationId: string, arrival: Arrival): void => feed.push(conversationId, arrival);
    bus.on('messages.created', ({ conversationId, from, upTo }) =>
      push(conversationId, { kind: 'messages', from, upTo }),
    );
    bus.on('message.changed', ({ conversationId, messageId }) => push(conversationId, { kind: 'change', messageId }));
    bus.on('message.read', ({ userId: readerId, at: readAt, ...receipt }) =>
      push(receipt.conversationId, { kind: 'read', event: { ...receipt, readerId, readAt } }),
    );
    bus.on('message.delivered', ({ at: deliveredAt, ...receipt }) =>
      push(receipt.conversationId, { kind: 'delivered', event: { ...receipt, deliveredAt } }),
    );
    bus.on('typing.changed', (event) =>
      push(event.conversationId, { kind: 'typing', event: { ...event, relayed: true } }),
    );
    bus.on('conversation.told', ({ conversationId, event, recipientIds }) =>
      push(conversationId, { kind: 'view', event, recipientIds }),
    );
    bus.on('conversation.joined', ({ conversationId, userId }) => push(conversationId, { kind: 'joined', userId }));
    bus.on('conversation.left', ({ conversationId, userId }) => push(conversationId, { kind: 'left', userId }));
  }

  private created(event: Created): void {
    const { conversation_id: id, seq, created_at: at } = event.message;
    const { created } = this.thisTurn();
    created.set(id, { from: created.get(id)?.from ?? seq, upTo: seq, at });
    this.feed.push(id, { kind: 'messages', from: seq, upTo: seq, event });
  }

  private typing(event: DomainEventMap['typing.changed']): void {
    if (event.relayed) {
      this.audience?.deliver('typing.changed', event);
      return;
    }
    const { conversationId, userId, userName, isTyping } = event;
    this.bus.publish('typing.changed', { conversationId, userId, userName, isTyping });
    this.feed.push(conversationId, { kind: 'typing', event });
  }

  private changed(conversationId: string, messageId: string): void {
    this.thisTurn().changed.set(messageId, conversationId);
  }

  private viewed(
    event: 'created' | 'updated',
    { conversation, recipientIds }: DomainEventMap['conversation.created'],
  ): void {
    const { views } = this.thisTurn();
    const conversationId = conversation.conversation_id;
    const key = `${event} ${conversationId}`;
    const view = views.get(key) ?? { conversationId, event, people: new Set<string>() };
    views.set(key, view);
    for (const id of recipientIds) view.people.add(id);
  }

  /**
   * The person is told at once: what closes with it waits for nothing but this event. Those who stay hear of it in its
   * turn, after a view on its way to them that still counts the person in.
   */
  private left(event: DomainEventMap['conversation.left']): void {
    const { conversationId, userId, relayed } = event;
    this.reads.forget(conversationId, userId);
    this.deliveries.forget(conversationId, userId);
    if (relayed) {
      this.audience?.deliver('conversation.left', event);
      return;
    }
    this.bus.publish('conversation.left', { conversationId, userId });
    this.audience?.deliver('conversation.left', { ...event, recipientIds: [userId] });
    this.feed.push(conversationId, { kind: 'left', userId, isTold: true });
  }

  /** A batch is told without a pause, so that it ends with the running step of the event loop. */
  private thisTurn(): Turn {
    if (!this.turn) {
      this.turn = { created: new Map(), changed: new Map(), views: new Map() };
      queueMicrotask(() => this.endTurn());
    }
    return this.turn;
  }

  private endTurn(): void {
    const { turn } = this;
    this.turn = undefined;
    if (!turn) return;
    for (const [conversationId, range] of turn.created) {
      this.bus.publish('messages.created', { conversationId, ...range });
    }
    for (const [messageId, conversationId] of turn.changed) {
      this.bus.publish('message.changed', { conversationId, messageId });
      this.feed.push(conversationId, { kind: 'change', messageId });
    }
    for (const { conversationId, event, people } of turn.views.values()) {
      const recipientIds = [...people];
      this.bus.publish('conversation.told', { conversationId, event, recipientIds });
      this.feed.push(conversationId, { kind: 'view', event, recipientIds });
    }
  }
}

const receiptOf = (
  { conversationId, messageId, seq, recipientIds }: Pick<Read, 'conversationId' | 'messageId' | 'seq' | 'recipientIds'>,
  userId: string,
  at: string,
): NodeReceipt => ({ conversationId, messageId, seq, userId, at, recipientIds: [...recipientIds] });
