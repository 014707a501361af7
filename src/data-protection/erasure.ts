import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log';
import { Clock } from '../common/clock';
import { DomainError } from '../common/errors/domain-error';
import type { Message } from '../message-store/message';
import { MessagesRepository, type Moment } from '../message-store/messages.repository';
import { MessageChanger } from '../messages/message-changer';
import { UsersService } from '../users/users.service';

/** Stored in the place of the name, so in one language for everybody. */
export const ERASED_NAME = 'Utilisateur supprimé';
const BATCH = 200;

/** Takes a person out of the service: name and contents go; ids, the places of messages and all counters stay. */
@Injectable()
export class Erasure {
  constructor(
    private readonly users: UsersService,
    private readonly messages: MessagesRepository,
    private readonly changer: MessageChanger,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  /**
   * Erases a person and every message of theirs. Stopped anywhere, running it again completes it; once complete, running
   * it again changes nothing.
   * @param actorId who is named in the audit
   * @returns how many messages this call changed
   * @throws RECIPIENT_NOT_FOUND for a person nobody told us of; DATABASE_UNAVAILABLE and the store's own errors
   */
  async erase(userId: string, actorId: string): Promise<number> {
    if (!(await this.users.findMany([userId])).has(userId)) throw new DomainError('RECIPIENT_NOT_FOUND');
    await this.audit.record({ action: 'user.erased', actorId, subjectId: userId });
    // The name first: from then on the person writes nothing that would have to be erased as well.
    await this.users.erase(userId, ERASED_NAME);
    return this.eraseMessages(userId);
  }

  /** @returns how many messages it changed; those that were erased before are left alone. */
  async eraseMessages(userId: string): Promise<number> {
    let erased = 0;
    let after: Moment | undefined;
    for (;;) {
      const batch = await this.messages.sentBy(userId, after, BATCH);
      for (const message of batch) if (!isErased(message) && (await this.eraseMessage(message))) erased += 1;
      after = batch.at(-1);
      if (batch.length < BATCH) return erased;
    }
  }

  private async eraseMessage(message: Message): Promise<boolean> {
    try {
      const { changed } = await this.changer.change(message, (current) =>
        isErased(current) ? undefined : { kind: 'erase', senderName: ERASED_NAME, at: new Date(this.clock.now()) },
      );
      return changed;
    } catch (error) {
      // Retention was faster.
      if (error instanceof DomainError && error.code === 'MESSAGE_NOT_FOUND') return false;
      throw error;
    }
  }
}

const isErased = ({ isDeleted, senderName }: Message): boolean => isDeleted && senderName === ERASED_NAME;
