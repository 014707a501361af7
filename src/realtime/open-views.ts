import { Injectable } from '@nestjs/common';
import { KeyedTurns } from '../common/keyed-turns';
import { DomainError } from '../common/errors/domain-error';
import type { ParticipantPayload } from '../contract/socket-events';
import { ConversationReader } from '../conversations/conversation-reader';
import { DomainEvents } from '../events/domain-events';
import { LiveActivity } from '../presence/live-activity';
import type { Peer } from './peer';
import { SocketSessions } from './socket-sessions';

/** Which conversations are open on which socket (contract 4). Messages arrive regardless: a view grants nothing. */
@Injectable()
export class OpenViews {
  /** Peers whose end closes their views. */
  private readonly watched = new WeakSet<Peer>();
  /** The check of a `conversation_join` takes longer than a `conversation_leave`: it must not be overtaken. */
  private readonly turns = new KeyedTurns();
  private readonly closed = ({ id }: Peer): void => this.activity.closeViews(id);

  constructor(
    private readonly reader: ConversationReader,
    private readonly activity: LiveActivity,
    private readonly sessions: SocketSessions,
    events: DomainEvents,
  ) {
    events.on('conversation.left', ({ conversationId, userId }) => this.close(userId, conversationId));
    events.on('user.role_changed', ({ userId }) => void this.checkAll(userId));
  }

  /** @throws AUTH_REQUIRED, CONVERSATION_NOT_FOUND */
  async join(peer: Peer, conversationId: string): Promise<ParticipantPayload> {
    if (!peer.actor) throw new DomainError('AUTH_REQUIRED');
    const { userId } = peer.actor;
    return this.turns.run(peer.id, async () => {
      const conversation = await this.reader.requireForParticipant(conversationId, userId);
      if (peer.isOpen) this.open(peer, conversation.id);
      return { conversation_id: conversation.id, user_id: userId };
    });
  }

  /** Closing what is not open changes nothing. @throws AUTH_REQUIRED */
  async leave(peer: Peer, conversationId: string): Promise<ParticipantPayload> {
    if (!peer.actor) throw new DomainError('AUTH_REQUIRED');
    const { userId } = peer.actor;
    return this.turns.run(peer.id, () => {
      this.activity.closeView(peer.id, conversationId);
      return Promise.resolve({ conversation_id: conversationId, user_id: userId });
    });
  }

  private open(peer: Peer, conversationId: string): void {
    this.activity.openView(peer.id, conversationId);
    if (this.watched.has(peer)) return;
    this.watched.add(peer);
    peer.onClose(this.closed);
  }

  private close(userId: string, conversationId: string): void {
    for (const peer of this.sessions.peersOf(userId)) {
      this.activity.closeView(peer.id, conversationId);
      if (peer.conversationId !== conversationId) continue;
      // After the event that tells the person of it.
      setImmediate(() => peer.refuse(new DomainError('CONVERSATION_NOT_FOUND')));
    }
  }

  /** Roles open support conversations: one that ended closes them (contract 1). */
  private async checkAll(userId: string): Promise<void> {
    const open = new Set(this.sessions.peersOf(userId).flatMap(({ id }) => this.activity.viewsOf(id)));
    for (const conversationId of open) {
      // While the store is away nothing can be checked, and nothing is told either.
      const found = await this.reader.findForParticipant(conversationId, userId).catch(() => true);
      if (!found) this.close(userId, conversationId);
    }
  }
}
