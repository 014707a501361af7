import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { AuditRepository } from '../audit.repository';
import type { StoredAuditEntry } from '../audit-entry';
import { AuditDocument } from './audit.schema';

const detailsOf = (entry: StoredAuditEntry): Record<string, string> | undefined => {
  if (entry.action === 'message.deleted') {
    return { conversation_id: entry.details.conversationId, message_id: entry.details.messageId };
  }
  return entry.action === 'role.changed' ? { from: entry.details.from, to: entry.details.to } : undefined;
};

function fromEntry(entry: StoredAuditEntry): AuditDocument {
  const details = detailsOf(entry);
  return {
    _id: entry.id,
    at: entry.at,
    action: entry.action,
    actor_id: entry.actorId,
    subject_id: entry.subjectId,
    ...(details && { details }),
  };
}

@Injectable()
export class MongoAuditRepository extends AuditRepository {
  constructor(@InjectModel(AuditDocument.name) private readonly model: Model<AuditDocument>) {
    super();
  }

  async append(entries: readonly StoredAuditEntry[]): Promise<void> {
    await this.model.collection.insertMany(entries.map(fromEntry) as never[]);
  }
}
