import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { SERVER_EVENTS } from '../contract/socket-events';
import type { DomainEventMap } from '../events/domain-event-map';
import { DomainEvents } from '../events/domain-events';
import type { Broadcaster } from './broadcaster';
import type { PayloadOf, ServerEvent } from './peer';
import { ReadCoalescer, type ReadEvent } from './read-coalescer';

const READ_WINDOW_MS = 250;

interface Audience {
  emit<E extends ServerEvent>(event: E, payload: PayloadOf<E>): void;
}

/** Domain events → devices. The only place that broadcasts; recipients are named by the event, never by a room. */
@Injectable()
export class FanOutListener implements OnModuleDestroy {
  private doors?: Broadcaster;
  private readonly reads = new ReadCoalescer(READ_WINDOW_MS, (event) => this.messageRead(event));

  constructor(events: DomainEvents) {
    events.on('message.created', (event) => this.messageCreated(event));
    events.on('message.read', (event) => this.reads.push(event));
    events.on('conversation.created', (event) => this.conversation(SERVER_EVENTS.conversationCreated, event));
    events.on('conversation.updated', (event) => this.conversation(SERVER_EVENTS.conversationUpdated, event));
    events.on('conversation.joined', (event) => this.participant(SERVER_EVENTS.conversationJoined, event));
    events.on('conversation.left', (event) => {
      this.reads.forget(event.conversationId, event.userId);
      this.participant(SERVER_EVENTS.conversationLeft, event);
    });
  }

  /** Called once, when the doors exist; events before that have nobody to reach. */
  attach(doors: Broadcaster): void {
    this.doors = doors;
  }

  onModuleDestroy(): void {
    this.reads.close();
  }

  private messageCreated({ message, recipientIds, originSocketId }: DomainEventMap['message.created']): void {
    this.to(recipientIds, originSocketId).emit(SERVER_EVENTS.messageReceived, {
      ...message,
      timestamp: message.created_at,
    });
  }

  private messageRead(event: ReadEvent): void {
    this.to(event.recipientIds, event.originSocketId).emit(SERVER_EVENTS.messageRead, {
      conversation_id: event.conversationId,
      message_id: event.messageId,
      seq: event.seq,
      read_by: event.readerId,
      read_at: event.readAt,
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
