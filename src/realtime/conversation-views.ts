import { Injectable } from '@nestjs/common';
import { DomainError } from '../common/errors/domain-error';
import type { ParticipantPayload } from '../contract/socket-events';
import { ConversationReader } from '../conversations/conversation-reader';
import { LiveActivity } from '../presence/live-activity';
import type { Peer } from './peer';

/** Which conversations are open on which socket (contract 4). Messages arrive regardless: a view grants nothing. */
@Injectable()
export class ConversationViews {
  constructor(
    private readonly reader: ConversationReader,
    private readonly activity: LiveActivity,
  ) {}

  /** @throws AUTH_REQUIRED, CONVERSATION_NOT_FOUND */
  async join(peer: Peer, conversationId: string): Promise<ParticipantPayload> {
    if (!peer.actor) throw new DomainError('AUTH_REQUIRED');
    const { userId } = peer.actor;
    const conversation = await this.reader.requireForParticipant(conversationId, userId);
    if (peer.isOpen) this.activity.openView(peer.id, conversation.id);
    return { conversation_id: conversation.id, user_id: userId };
  }

  /** Closing what is not open changes nothing. @throws AUTH_REQUIRED */
  leave(peer: Peer, conversationId: string): ParticipantPayload {
    if (!peer.actor) throw new DomainError('AUTH_REQUIRED');
    this.activity.closeView(peer.id, conversationId);
    return { conversation_id: conversationId, user_id: peer.actor.userId };
  }

  /** The socket is gone. */
  end(peer: Peer): void {
    this.activity.closeViews(peer.id);
  }
}
