import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { isDuplicateKey } from '../../database/duplicate-key';
import type { DirectoryEntry, LearnedPerson, SyncedPerson } from '../directory-entry';
import { UsersRepository } from '../users.repository';
import { UserStatusDocument } from './user-status.schema';

const MAX_ADMINS = 1_000;

const toEntry = (document: UserStatusDocument): DirectoryEntry => ({
  userId: document._id,
  username: document.username,
  displayName: document.display_name,
  role: document.role,
  isActive: document.is_active,
  avatarUrl: document.avatar_url ?? null,
  ...(document.admin_since === undefined ? {} : { adminSince: document.admin_since }),
});

@Injectable()
export class MongoUsersRepository extends UsersRepository {
  constructor(@InjectModel(UserStatusDocument.name) private readonly model: Model<UserStatusDocument>) {
    super();
  }

  /** Index: _id. */
  async findMany(userIds: readonly string[]): Promise<DirectoryEntry[]> {
    const documents = await this.model.find({ _id: { $in: [...userIds] } }).lean<UserStatusDocument[]>();
    return documents.map(toEntry);
  }

  /** Index: admins. */
  async findAdminIds(): Promise<string[]> {
    const found = await this.model
      .find({ role: 'admin', is_active: true }, { _id: 1 })
      .limit(MAX_ADMINS)
      .lean<{ _id: string }[]>();
    return found.map(({ _id }) => _id);
  }

  async learn(person: LearnedPerson): Promise<DirectoryEntry> {
    const known = await this.model.findById(person.userId).lean<UserStatusDocument | null>();
    if (!known) return this.create(person);
    const changes: Partial<UserStatusDocument> = {};
    if (known.role_source === 'token' && known.role !== person.role) {
      changes.role = person.role;
      if (person.role === 'admin') changes.admin_since = new Date();
    }
    const better = person.named && known.name_source !== 'directory' && known.display_name !== person.displayName;
    if (better) Object.assign(changes, { display_name: person.displayName, name_source: 'token' });
    if (Object.keys(changes).length === 0) return toEntry(known);
    // The sources read above are repeated in the filter: a sync that came in between wins.
    const sources = { role_source: known.role_source, name_source: known.name_source };
    const updated = await this.model
      .findOneAndUpdate(
        { _id: person.userId, ...sources },
        { $set: { ...changes, updated_at: new Date() } },
        { returnDocument: 'after' },
      )
      .lean<UserStatusDocument | null>();
    return updated ? toEntry(updated) : this.learn(person);
  }

  async sync(people: readonly SyncedPerson[]): Promise<void> {
    const now = new Date();
    await this.stampNewAdmins(people, now);
    await this.model.collection.bulkWrite(
      people.map((person) => ({
        updateOne: {
          filter: { _id: person.userId as never },
          update: {
            $set: {
              username: person.username,
              display_name: person.displayName,
              role: person.role,
              role_source: 'directory',
              name_source: 'directory',
              updated_at: now,
              ...(person.email === undefined ? {} : { email: person.email }),
              ...(person.avatarUrl === undefined ? {} : { avatar_url: person.avatarUrl }),
              ...(person.isActive === undefined ? {} : { is_active: person.isActive }),
              ...(person.children === undefined ? {} : { children: [...person.children] }),
              ...(person.parents === undefined ? {} : { parents: [...person.parents] }),
            },
            $setOnInsert: {
              created_at: now,
              ...(person.isActive === undefined ? { is_active: true } : {}),
              ...(person.role === 'admin' ? { admin_since: now } : {}),
            },
          },
          upsert: true,
        },
      })),
      { ordered: true },
    );
  }

  /** Index: _id. Before the roles are written: afterwards nobody can tell who is new in the role. */
  private async stampNewAdmins(people: readonly SyncedPerson[], now: Date): Promise<void> {
    const ids = people.filter(({ role }) => role === 'admin').map(({ userId }) => userId);
    if (ids.length === 0) return;
    await this.model.updateMany({ _id: { $in: ids }, role: { $ne: 'admin' } }, { $set: { admin_since: now } });
  }

  private async create(person: LearnedPerson): Promise<DirectoryEntry> {
    const now = new Date();
    const document: UserStatusDocument = {
      _id: person.userId,
      username: person.username,
      display_name: person.displayName,
      role: person.role,
      role_source: 'token',
      name_source: person.named ? 'token' : 'default',
      is_active: true,
      ...(person.role === 'admin' ? { admin_since: now } : {}),
      created_at: now,
      updated_at: now,
    };
    try {
      await this.model.collection.insertOne(document as never);
      return toEntry(document);
    } catch (error) {
      // Another request with the same new person came first.
      if (isDuplicateKey(error)) return this.learn(person);
      throw error;
    }
  }
}
