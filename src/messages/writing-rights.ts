import { Injectable } from '@nestjs/common';
import { canMessage } from '../auth/messaging-policy';
import type { Actor } from '../common/actor';
import { DomainError } from '../common/errors/domain-error';
import { counterpartOf, mayPost, type Conversation } from '../conversations/conversation';
import { UsersService } from '../users/users.service';

/** Who may put a text into a conversation now, by a new message or by an edit. */
@Injectable()
export class WritingRights {
  constructor(private readonly users: UsersService) {}

  /**
   * @throws FORBIDDEN where others post, or to an inactive person; ROLE_NOT_ALLOWED, RECIPIENT_NOT_FOUND
   */
  async require(conversation: Conversation, actor: Actor): Promise<void> {
    const { userId, role } = actor;
    if (!mayPost(conversation, userId, role)) throw new DomainError('FORBIDDEN');
    const counterpartId = counterpartOf(conversation, userId);
    if (counterpartId === undefined) return;
    // Roles change: the matrix is asked at every write to a direct conversation.
    const counterpart = await this.users.requireRecipient(counterpartId, actor);
    if (!canMessage(role, counterpart.role)) throw new DomainError('ROLE_NOT_ALLOWED');
  }
}

/** @param max Unicode code points. @throws VALIDATION_FAILED */
export function requireLength(content: string, max: number): void {
  // Code points are at most the UTF-16 length: most texts are measured without being split.
  if (content.length > max && [...content].length > max) {
    throw DomainError.invalid('content', `must have at most ${max} characters`);
  }
}
