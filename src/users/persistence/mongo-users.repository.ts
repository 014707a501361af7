import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model, mongo } from 'mongoose';
import type { Role } from '../../contract/roles';
import { isDuplicateKey } from '../../database/duplicate-key';
import type { DirectoryEntry, LearnedPerson, Speaker, SyncedPerson } from '../directory-entry';
import { UsersRepository, type Lesson, type PresenceChange } from '../users.repository';
import { missingFields, nameFields, syncedFields, toEntry } from './user-status.mapper';
import { UserStatusDocument } from './user-status.schema';

const MAX_ADMINS = 1_000;
/** Sorts after every text that begins with the same prefix. */
const LAST = '\u{10FFFF}';

type WithRole = Pick<SyncedPerson, 'userId' | 'role'>;

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

  /** Indexes: role_search_key, role_search_key_last. In their order, without a sort that would read every match. */
  async findByName(role: Role, prefix: string, limit: number): Promise<DirectoryEntry[]> {
    const range = { $gte: prefix, $lt: prefix + LAST };
    const [first, last] = await Promise.all([
      this.model.find({ role, is_active: true, search_key: range }).limit(limit).lean<UserStatusDocument[]>(),
      this.model.find({ role, is_active: true, search_key_last: range }).limit(limit).lean<UserStatusDocument[]>(),
    ]);
    return [...new Map([...first, ...last].map((document) => [document._id, toEntry(document)])).values()];
  }

  async create(person: LearnedPerson, at: Date): Promise<boolean> {
    const document: UserStatusDocument = {
      _id: person.userId,
      username: person.username,
      ...nameFields(person.displayName),
      role: person.role,
      role_source: 'token',
      name_source: person.named ? 'token' : 'default',
      is_active: true,
      ...(person.role === 'admin' ? { admin_since: at } : {}),
      created_at: at,
      updated_at: at,
    };
    return this.insertUnlessKnown(() => this.model.collection.insertOne(document as never));
  }

  /** Index: _id. The sources that were read are repeated in the filter: a sync that came in between wins. */
  async teach(known: DirectoryEntry, { role, displayName }: Lesson, at: Date): Promise<boolean> {
    if (role !== undefined) await this.stampFormerAdmins([{ userId: known.userId, role }], at);
    const { matchedCount } = await this.model.updateOne(
      { _id: known.userId, role_source: known.roleSource, name_source: known.nameSource },
      {
        $set: {
          ...(role === undefined
            ? {}
            : { role, role_source: 'token', ...(role === 'admin' ? { admin_since: at } : {}) }),
          ...(displayName === undefined ? {} : { ...nameFields(displayName), name_source: 'token' }),
          updated_at: at,
        },
      },
    );
    return matchedCount > 0;
  }

  /** Index: _id. */
  async sync(people: readonly SyncedPerson[], speaker: Speaker, at: Date): Promise<void> {
    if (people.length === 0) return;
    await this.stampNewAdmins(people, at);
    await this.stampFormerAdmins(people, at);
    await this.writeUnlessErased(
      people.map((person) => ({
        updateOne: {
          filter: { _id: person.userId as never, erased_at: { $exists: false } },
          update: {
            $set: {
              ...syncedFields(person),
              role_source: 'directory',
              updated_at: at,
              ...(person.isActive === false ? { inactive_by: speaker } : {}),
            },
            $setOnInsert: { created_at: at, ...missingFields(person, at) },
            $unset: { looked_up_at: '', ...(person.isActive === true ? { inactive_by: '' } : {}) },
          },
          upsert: true,
        },
      })),
    );
  }

  /** Index: _id. */
  async keepLookup(person: SyncedPerson, at: Date): Promise<void> {
    await this.stampNewAdmins([person], at);
    await this.stampFormerAdmins([person], at);
    const change = {
      $set: { ...syncedFields(person), name_source: 'default', looked_up_at: at, updated_at: at },
      $setOnInsert: { created_at: at, ...missingFields(person, at) },
    };
    await this.insertUnlessKnown(() =>
      this.model.collection.updateOne({ _id: person.userId as never, role_source: 'lookup' }, change, { upsert: true }),
    );
  }

  /** Index: _id. Sources `directory`: tokens and look-ups teach such an entry nothing. */
  async erase(userId: string, displayName: string, at: Date): Promise<boolean> {
    const { matchedCount } = await this.model.collection.updateOne(
      { _id: userId as never },
      {
        $set: {
          username: userId,
          ...nameFields(displayName),
          name_source: 'directory',
          role_source: 'directory',
          is_active: false,
          inactive_by: 'directory',
          updated_at: at,
        },
        $min: { erased_at: at },
        $unset: {
          email: '',
          avatar_url: '',
          children: '',
          parents: '',
          looked_up_at: '',
          chosen_status: '',
          last_seen: '',
          notification_settings: '',
        },
      },
    );
    return matchedCount === 1;
  }

  /** Index: _id. */
  async setPresence(
    userId: string,
    { chosenStatus, notificationSettings = {} }: PresenceChange,
    at: Date,
  ): Promise<void> {
    const settings = Object.entries(notificationSettings).map(([name, value]) => [
      `notification_settings.${name}`,
      value,
    ]);
    await this.model.collection.updateOne(
      { _id: userId as never },
      {
        $set: {
          ...(chosenStatus === undefined ? {} : { chosen_status: chosenStatus }),
          ...(Object.fromEntries(settings) as Record<string, boolean>),
          updated_at: at,
        },
      },
    );
  }

  /** Index: _id. */
  async setLastSeen(seen: readonly { userId: string; at: Date }[]): Promise<void> {
    await this.moveTimes('last_seen', seen);
  }

  /** Index: _id. */
  async setActive(active: readonly { userId: string; at: Date }[]): Promise<void> {
    await this.moveTimes('active_at', active);
  }

  /** Index: active. */
  countActiveSince(from: Date): Promise<number> {
    return this.model.countDocuments({ active_at: { $exists: true, $gte: from } }).exec();
  }

  /** A time that a node still held when the person was erased comes too late. */
  private async moveTimes(
    field: 'last_seen' | 'active_at',
    times: readonly { userId: string; at: Date }[],
  ): Promise<void> {
    if (times.length === 0) return;
    await this.model.collection.bulkWrite(
      times.map(({ userId, at }) => ({
        updateOne: {
          filter: { _id: userId as never, erased_at: { $exists: false } },
          update: { $max: { [field]: at } },
        },
      })),
      { ordered: false },
    );
  }

  /** Index: _id. Before the roles are written: afterwards nobody can tell who is new in the role. */
  private async stampNewAdmins(people: readonly WithRole[], at: Date): Promise<void> {
    const ids = people.filter(({ role }) => role === 'admin').map(({ userId }) => userId);
    if (ids.length === 0) return;
    await this.model.updateMany({ _id: { $in: ids }, role: { $ne: 'admin' } }, { $set: { admin_since: at } });
  }

  /** Index: _id. Before the roles are written, as above; a role that stays after all makes it say too much only. */
  private async stampFormerAdmins(people: readonly WithRole[], at: Date): Promise<void> {
    const ids = people.filter(({ role }) => role !== 'admin').map(({ userId }) => userId);
    if (ids.length === 0) return;
    await this.model.updateMany({ _id: { $in: ids }, role: 'admin' }, { $max: { admin_until: at } });
  }

  /** An entry that was erased does not match, and its id is taken: that refusal is what is wanted. */
  private async writeUnlessErased(writes: mongo.AnyBulkWriteOperation<mongo.BSON.Document>[]): Promise<void> {
    try {
      await this.model.collection.bulkWrite(writes, { ordered: false });
    } catch (error) {
      const { writeErrors = [] } = error as { writeErrors?: unknown };
      const refusals = [writeErrors].flat();
      if (refusals.length === 0 || !refusals.every(isDuplicateKey)) throw error;
    }
  }

  /** @returns false when the unique id was taken: somebody else came first. */
  private async insertUnlessKnown(write: () => Promise<unknown>): Promise<boolean> {
    try {
      await write();
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }
}
