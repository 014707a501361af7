import { Injectable } from '@nestjs/common';
import { ConversationReader, type Current } from '../../conversations/conversation-reader';
import { ConversationViews } from '../../conversations/conversation-views';
import { MembershipsRepository } from '../../conversations/memberships.repository';
import { DomainEvents } from '../../events/domain-events';
import { MessagesRepository } from '../../message-store/messages.repository';
import { presenterIn, seenBy } from '../../messages/message.presenter';
import { ConnectionRegistry } from '../../presence/connection-registry';
import type { NewMessages, Other } from './arrival';
import { MessageOrder } from './message-order';
import type { LocalAudience } from './told-events';

type Of<K extends Other['kind']> = Extract<Other, { kind: K }>;
type Tellers = { [K in Other['kind']]: (arrival: Of<K>, current: Current) => Promise<void> | void };

/** Tells the sockets of this node of arrivals: to whom access is given now, of each thing its present state. */
@Injectable()
export class ArrivalTeller {
  private audience: LocalAudience | undefined;
  private readonly tellers: Tellers = {
    read: ({ event }, current) =>
      this.audience?.deliver('message.read', { ...event, recipientIds: this.among(current, event.recipientIds) }),
    delivered: ({ event }, current) =>
      this.audience?.deliver('message.delivered', { ...event, recipientIds: this.among(current, event.recipientIds) }),
    typing: (arrival, current) => this.typing(arrival, current),
    joined: (arrival, current) => this.joined(arrival, current),
    left: (arrival, current) => this.left(arrival, current),
    change: (arrival, current) => this.change(arrival, current),
    view: (arrival, current) => this.view(arrival, current),
  };

  constructor(
    private readonly reader: ConversationReader,
    private readonly memberships: MembershipsRepository,
    private readonly messages: MessagesRepository,
    private readonly views: ConversationViews,
    private readonly order: MessageOrder,
    private readonly registry: ConnectionRegistry,
    private readonly events: DomainEvents,
  ) {}

  attach(audience: LocalAudience): void {
    this.audience = audience;
  }

  /** @param current the conversation at or after the commit of everything that arrived */
  async tellMessages(created: readonly NewMessages[], current: Current): Promise<void> {
    const { events, incomplete } = await this.order.next(current, created);
    for (const event of events) this.audience?.deliver('message.created', event);
    if (incomplete) this.audience?.callToSync(this.presentHere(current));
  }

  /** As `tellMessages`. */
  async tell<K extends Other['kind']>(arrival: Of<K>, current: Current): Promise<void> {
    const teller = this.tellers[arrival.kind];
    await teller(arrival, current);
  }

  private typing({ event }: Of<'typing'>, current: Current): void {
    const present = this.present(current);
    if (!present.includes(event.userId)) return;
    const told = { ...event, recipientIds: present.filter((id) => id !== event.userId) };
    // Who types elsewhere is known here too, and ends by itself.
    if (event.relayed) this.events.emit('typing.changed', told);
    else this.audience?.deliver('typing.changed', told);
  }

  private joined({ userId }: Of<'joined'>, current: Current): void {
    const present = this.present(current);
    if (!present.includes(userId)) return;
    const recipientIds = present.filter((id) => id !== userId);
    const conversationId = current.conversation.id;
    this.audience?.deliver('conversation.joined', { conversationId, userId, recipientIds });
  }

  /** What is open to the person here closes with it. */
  private left({ userId, isTold }: Of<'left'>, current: Current): void {
    const present = this.present(current);
    if (present.includes(userId)) return;
    const conversationId = current.conversation.id;
    if (isTold) {
      this.audience?.deliver('conversation.left', { conversationId, userId, recipientIds: present });
      return;
    }
    const recipientIds = [...present, userId];
    this.events.emit('conversation.left', { conversationId, userId, recipientIds, relayed: true });
  }

  /** In its present state: an older one must not come after a newer one. */
  private async change({ messageId }: Of<'change'>, current: Current): Promise<void> {
    if (this.presentHere(current).length === 0) return;
    const { conversation } = current;
    const [message, memberships] = await Promise.all([
      this.messages.findById(messageId),
      this.memberships.findIn(conversation.id),
    ]);
    if (message?.conversationId !== conversation.id) return;
    const scene = { conversation, memberships };
    const recipientIds = seenBy(message, scene, this.presentHere(current));
    if (message.isDeleted) {
      const { conversationId, seq } = message;
      this.audience?.deliver('message.deleted', { conversationId, messageId, seq, recipientIds });
      return;
    }
    const present = presenterIn(scene)(message);
    for (const recipientId of recipientIds) {
      this.audience?.deliver('message.updated', { message: present(recipientId), recipientId });
    }
  }

  private async view({ event, recipientIds }: Of<'view'>, current: Current): Promise<void> {
    const wanted = new Set(recipientIds);
    const here = this.presentHere(current).filter((id) => wanted.has(id));
    if (here.length === 0) return;
    for (const { conversation, recipientIds: same } of await this.views.presentShared(current.conversation.id, here)) {
      this.audience?.deliver(`conversation.${event}`, { conversation, recipientIds: this.among(current, same) });
    }
  }

  /** @returns who takes part now; not before `current` was read. */
  private present({ conversation }: Current): readonly string[] {
    return this.reader.recipientsOf(conversation);
  }

  private among(current: Current, userIds: readonly string[]): string[] {
    const present = new Set(this.present(current));
    return userIds.filter((id) => present.has(id));
  }

  private presentHere(current: Current): string[] {
    return this.present(current).filter((id) => this.registry.isOnline(id));
  }
}
