import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { AppConfig } from '../config/app-config';
import { NOTIFICATION_CHANNEL, type NotificationEvent } from '../contract/notification-event';
import type { Conversation } from '../conversations/conversation';
import { ConversationReader } from '../conversations/conversation-reader';
import { ConversationsRepository } from '../conversations/conversations.repository';
import { MembershipsRepository } from '../conversations/memberships.repository';
import type { Message } from '../message-store/message';
import { Presence } from '../presence/presence';
import { RedisConnection } from '../redis/redis-connection';
import type { DirectoryEntry } from '../users/directory-entry';
import { UsersService } from '../users/users.service';
import { messageToTell, QUIET_MS, type Recipient } from './notification-rules';
import { NotificationsRepository, type Told } from './notifications.repository';

/** Tells notification-service of messages that did not reach their recipients (contract 8). */
@Injectable()
export class Notifier {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly memberships: MembershipsRepository,
    private readonly reader: ConversationReader,
    private readonly presence: Presence,
    private readonly users: UsersService,
    private readonly notifications: NotificationsRepository,
    private readonly redis: RedisConnection,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * Publishes what is due about messages of one conversation. Doing it again tells nobody twice in the quiet time.
   * @param messages lowest first, each older than the delay
   * @throws RedisAwayError; those told before it are remembered
   */
  async tell(conversationId: string, messages: readonly Message[]): Promise<void> {
    if (messages.every(({ isDeleted }) => isDeleted)) return;
    const conversation = await this.conversations.findById(conversationId);
    if (!conversation) return;
    const told: Told[] = [];
    const now = this.clock.now();
    try {
      for (const recipient of await this.recipients(conversation, now)) {
        const message = messageToTell(messages, recipient, now);
        if (!message) continue;
        await this.publish(message, recipient.person, now);
        told.push({ conversationId, userId: recipient.person.userId });
      }
    } finally {
      // After the publishing: a crash in between repeats an event, the other way round would lose one.
      await this.notifications.remember(told, new Date(now));
    }
  }

  /** Cheapest question first: in a busy group most people are connected, or were told a moment ago. */
  private async recipients(conversation: Conversation, now: number): Promise<Recipient[]> {
    const audience = await this.reader.audienceOf(conversation);
    const connected = await this.presence.connectedAmong(audience);
    const away = audience.filter((userId) => !connected.has(userId));
    const lately = await this.notifications.toldSince(conversation.id, away, new Date(now - QUIET_MS));
    const candidates = away.filter((userId) => !lately.has(userId));
    const pairs = candidates.map((userId) => ({ conversationId: conversation.id, userId }));
    const [people, memberships] = await Promise.all([
      this.users.findMany(candidates),
      this.memberships.findPairs(pairs),
    ]);
    const membershipOf = new Map(memberships.map((membership) => [membership.userId, membership]));
    return [...people.values()].map((person) => ({ person, membership: membershipOf.get(person.userId) }));
  }

  private publish(message: Message, person: DirectoryEntry, now: number): Promise<void> {
    const event: NotificationEvent = {
      event_type: 'message_received',
      source_service: 'messaging-service',
      timestamp: new Date(now).toISOString(),
      data: {
        message_id: message.id,
        sender_id: message.senderId,
        sender_name: message.senderName,
        recipient_id: person.userId,
        recipient_name: person.displayName,
        recipient_email: person.email,
        content: this.config.notifications.content === 'full' ? message.content : '',
        sent_at: message.createdAt.toISOString(),
      },
    };
    return this.redis.publish(NOTIFICATION_CHANNEL, JSON.stringify(event));
  }
}
