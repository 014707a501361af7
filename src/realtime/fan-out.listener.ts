import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { SERVER_EVENTS } from '../contract/socket-events';
import type { DomainEventMap } from '../events/domain-event-map';
import { DomainEvents } from '../events/domain-events';
import type { Broadcaster } from './broadcaster';
import type { PayloadOf, ServerEvent } from './peer';
import { NodeRelay } from './nodes/node-relay';
import { TOLD_EVENTS, type ToldName } from './nodes/told-events';
import { RECEIPT_WINDOW_MS, ReceiptCoalescer } from './receipt-coalescer';

type Read = DomainEventMap['message.read'];
type Delivered = DomainEventMap['message.delivered'];

interface Audience {
  emit<E extends ServerEvent>(event: E, payload: PayloadOf<E>): void;
}

/** Domain events → devices. The only place that broadcasts; recipients are named by the event, never by a room. */
@Injectable()
export class FanOutListener implements OnModuleDestroy {
  private doors?: Broadcaster;
  private readonly reads = new ReceiptCoalescer<Read>(
    RECEIPT_WINDOW_MS,
    ({ readerId }) => readerId,
    (event) => this.messageRead(event),
  );
  private readonly deliveries = new ReceiptCoalescer<Delivered>(
    RECEIPT_WINDOW_MS,
    ({ userId }) => userId,
    (event) => this.messageDelivered(event),
  );

  /** How the recipients that an event names hear of it. */
  private readonly tell: { [N in ToldName]: (event: DomainEventMap[N]) => void } = {
    'message.created': (event) => this.messageCreated(event),
    'message.read': (event) => this.reads.push(event),
    'message.delivered': (event) => this.deliveries.push(event),
    'typing.changed': (event) => this.typing(event),
    'message.updated': (event) => this.messageUpdated(event),
    'message.deleted': (event) => this.messageDeleted(event),
    'conversation.created': (event) => this.conversation(SERVER_EVENTS.conversationCreated, event),
    'conversation.updated': (event) => this.conversation(SERVER_EVENTS.conversationUpdated, event),
    'conversation.joined': (event) => this.participant(SERVER_EVENTS.conversationJoined, event),
    'conversation.left': (event) => {
      this.reads.forget(event.conversationId, event.userId);
      this.deliveries.forget(event.conversationId, event.userId);
      this.participant(SERVER_EVENTS.conversationLeft, event);
    },
  };

  constructor(events: DomainEvents, nodes: NodeRelay) {
    nodes.attach({
      deliver: (name, event) => this.tell[name](event),
      callToSync: (userIds) => this.to(userIds).emit(SERVER_EVENTS.syncRequired, { reason: 'missed_events' }),
    });
    const listen = <N extends ToldName>(name: N): void =>
      events.on(name, nodes.enabled ? (event) => nodes.take(name, event) : this.tell[name]);
    TOLD_EVENTS.forEach(listen);
  }

  /** Called once, when the doors exist; events before that have nobody to reach. */
  attach(doors: Broadcaster): void {
    this.doors = doors;
  }

  onModuleDestroy(): void {
    this.reads.close();
    this.deliveries.close();
  }

  private messageCreated({ message, recipientIds, originSocketId }: DomainEventMap['message.created']): void {
    this.to(recipientIds, originSocketId).emit(SERVER_EVENTS.messageReceived, {
      ...message,
      timestamp: message.created_at,
    });
  }

  private messageRead(event: Read): void {
    this.to(event.recipientIds, event.originSocketId).emit(SERVER_EVENTS.messageRead, {
      conversation_id: event.conversationId,
      message_id: event.messageId,
      seq: event.seq,
      read_by: event.readerId,
      read_at: event.readAt,
    });
  }

  private messageDelivered(event: Delivered): void {
    this.to(event.recipientIds).emit(SERVER_EVENTS.messageDelivered, {
      conversation_id: event.conversationId,
      message_id: event.messageId,
      seq: event.seq,
      delivered_to: event.userId,
      delivered_at: event.deliveredAt,
    });
  }

  private typing(event: DomainEventMap['typing.changed']): void {
    const name = event.isTyping ? SERVER_EVENTS.messageTyping : SERVER_EVENTS.messageStopTyping;
    this.to(event.recipientIds).emit(name, {
      conversation_id: event.conversationId,
      user_id: event.userId,
      user_name: event.userName,
      is_typing: event.isTyping,
    });
  }

  private messageUpdated({ message, recipientId }: DomainEventMap['message.updated']): void {
    this.to([recipientId]).emit(SERVER_EVENTS.messageUpdated, message);
  }

  private messageDeleted(event: DomainEventMap['message.deleted']): void {
    this.to(event.recipientIds).emit(SERVER_EVENTS.messageDeleted, {
      conversation_id: event.conversationId,
      message_id: event.messageId,
      seq: event.seq,
    });
  }

  private conversation(
    event: 'conversation_created' | 'conversation_updated',
    { conversation, recipientIds }: DomainEventMap['conversation.created'],
  ): void {
    this.to(recipientIds).emit(event, conversation);
  }

  private participant(
    event: 'conversation_joined' | 'conversation_left',
    { conversationId, userId, recipientIds }: DomainEventMap['conversation.left'],
  ): void {
    this.to(recipientIds).emit(event, { conversation_id: conversationId, user_id: userId });
  }

  /** For nobody nothing is done: Socket.IO takes an empty list of rooms for everybody. */
  private to(userIds: readonly string[], exceptSocketId?: string): Audience {
    return {
      emit: (event, payload) => {
        if (userIds.length > 0) this.doors?.broadcast(userIds, event, payload, exceptSocketId);
      },
    };
  }
}
