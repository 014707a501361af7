// A process of its own that writes until it is killed and prints what was acknowledged, one line each.
const { writeSync } = require('node:fs');
const { startEmbeddedMongo } = require('@presencepro/embedded-mongo');
const { MongoClient } = require('mongodb');

const WRITERS = 20;
const GROUP = 7;

async function main(dir) {
  const store = await startEmbeddedMongo({ dir });
  const client = await MongoClient.connect(store.uri, { maxPoolSize: 30 });
  const db = client.db('crash');
  const messages = db.collection('messages');
  const groups = db.collection('groups');
  await messages.createIndex({ conversation: 1, seq: 1 }, { unique: true });
  await messages.createIndex({ tags: 1 });
  await groups.createIndex({ group: 1 });
  const say = (line) => writeSync(1, `${line}\n`);
  const run = `${process.pid}-${Date.now()}`;

  const writer = async (w) => {
    for (let i = 0; ; i++) {
      const _id = `${run}-${w}-${i}`;
      await messages.insertOne({
        _id,
        conversation: `${run}-${w}`,
        seq: i,
        tags: ['t', `w${w}`],
        text: 'x'.repeat(300),
      });
      say(`inserted ${_id}`);
      if (i % 5 === 1) {
        await messages.updateOne({ _id }, { $set: { seq: -i, tags: ['u'] } });
        say(`updated ${_id}`);
      }
      if (i % 5 === 2) {
        await messages.deleteOne({ _id });
        say(`deleted ${_id}`);
      }
      if (i % 5 === 3) {
        await groups.insertMany(
          Array.from({ length: GROUP }, (_, k) => ({ _id: `${_id}-${k}`, group: _id, version: 1 })),
        );
        say(`grouped ${_id}`);
        await groups.updateMany({ group: _id }, { $set: { version: 2 } });
        say(`versioned ${_id}`);
      }
    }
  };
  const counter = async () => {
    const counters = db.collection('counters');
    const options = { upsert: true, returnDocument: 'after' };
    for (;;) {
      const after = await counters.findOneAndUpdate({ _id: 'n' }, { $inc: { n: 1 } }, options);
      say(`counted ${after.n}`);
    }
  };
  say('ready');
  await Promise.all([counter(), ...Array.from({ length: WRITERS }, (_, w) => writer(w))]);
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
