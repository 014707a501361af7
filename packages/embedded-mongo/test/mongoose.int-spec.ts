import { createConnection, Schema, Types, type Connection } from 'mongoose';
import { startEmbeddedMongo, type EmbeddedMongo } from '@presencepro/embedded-mongo';
import { rmSync } from 'node:fs';
import { freshDir } from './support';

describe('Mongoose', () => {
  const dir = freshDir();
  let store: EmbeddedMongo;
  let connection: Connection;
  beforeAll(async () => {
    store = await startEmbeddedMongo({ dir });
    connection = await createConnection(store.uri, { dbName: 'school' }).asPromise();
  });
  afterAll(async () => {
    await connection.close();
    await store.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const roomSchema = () =>
    new Schema(
      {
        name: { type: String, required: true },
        participants: [{ user_id: { type: String, required: true }, unread: { type: Number, default: 0 } }],
        last_message_at: Date,
      },
      { timestamps: true },
    ).index({ 'participants.user_id': 1, last_message_at: -1 });

  it('creates, finds, saves with versions and deletes', async () => {
    const Room = connection.model('Room', roomSchema());
    await Room.init();
    const room = await Room.create({ name: 'class 4b', participants: [{ user_id: 'a' }, { user_id: 'b' }] });
    const found = await Room.findOne({ 'participants.user_id': 'b' }).orFail();
    expect(found._id).toEqual(room._id);
    found.participants.push({ user_id: 'c', unread: 2 });
    await found.save();
    const stale = Room.findOneAndUpdate(
      { _id: room._id, 'participants.user_id': 'b' },
      { $inc: { 'participants.$.unread': 3 }, $set: { last_message_at: new Date(5) } },
      { returnDocument: 'after' },
    );
    const unread = (await stale.orFail()).participants.map((participant) => participant.unread);
    expect(unread).toEqual([0, 3, 2]);
    const lean = await Room.find({ 'participants.user_id': 'c' }).sort({ last_message_at: -1 }).lean();
    expect(lean).toMatchObject([{ name: 'class 4b', __v: 1, last_message_at: new Date(5) }]);
    expect((await Room.deleteOne({ _id: room._id })).deletedCount).toBe(1);
    expect(await Room.exists({ _id: room._id })).toBeNull();
  });

  it('reports duplicates, syncs indexes and runs bulk writes', async () => {
    const schema = new Schema({ _id: String, key: String, n: Number });
    schema.index({ key: 1 }, { unique: true, partialFilterExpression: { key: { $exists: true } } });
    const Item = connection.model('Item', schema);
    await Item.syncIndexes();
    expect(Object.keys(await Item.collection.indexInformation())).toEqual(['_id_', 'key_1']);
    await Item.insertMany([{ _id: 'a', key: 'x' }, { _id: 'b' }, { _id: 'c' }]);
    await expect(Item.create({ _id: 'd', key: 'x' })).rejects.toMatchObject({ code: 11000, keyValue: { key: 'x' } });
    const result = await Item.bulkWrite([
      { updateOne: { filter: { _id: 'b' }, update: { $set: { n: 1 } } } },
      { updateOne: { filter: { _id: 'e' }, update: { $set: { n: 2 } }, upsert: true } },
      { deleteOne: { filter: { _id: 'c' } } },
      { insertOne: { document: { _id: 'f', n: 3 } } },
    ]);
    expect(result).toMatchObject({ matchedCount: 1, upsertedCount: 1, deletedCount: 1, insertedCount: 1 });
    expect(await Item.countDocuments({ n: { $gte: 1 } })).toBe(3);
    expect(await Item.distinct('n')).toEqual([1, 2, 3]);
  });

  it('populates', async () => {
    const Author = connection.model('Author', new Schema({ name: String }));
    const Post = connection.model('Post', new Schema({ author: { type: Types.ObjectId, ref: 'Author' } }));
    const author = await Author.create({ name: 'ann' });
    const post = await Post.create({ author: author._id });
    const found = await Post.findById(post._id).populate<{ author: { name: string } }>('author').orFail();
    expect(found.author.name).toBe('ann');
  });
});
