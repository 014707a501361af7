/** The limit of a history page: the driver alone, 50 messages by index from the embedded store, no HTTP, no rights. */
import { startEmbeddedMongo } from '@presencepro/embedded-mongo';
import { MongoClient } from 'mongodb';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { cpuMicros } from './cpu.mjs';

const PAGE = 50;

async function run({ folder, conversations, messages, concurrency, seconds, warmUp, bytes }) {
  const store = await startEmbeddedMongo({ dir: join(folder, 'bare-page') });
  const client = await new MongoClient(store.uri).connect();
  const collection = client.db('bench').collection('messages');
  await collection.createIndex({ conversation_id: 1, seq: 1 }, { unique: true });
  const ids = Array.from({ length: conversations }, () => randomUUID());
  for (const conversation_id of ids) {
    await collection.insertMany(
      Array.from({ length: messages }, (_, i) => ({
        _id: randomUUID(),
        conversation_id,
        seq: i + 1,
        sender_id: '42',
        sender_name: 'Marie Martin',
        sender_role: 'parent',
        content: 'x'.repeat(bytes),
        message_type: 'text',
        created_at: new Date(),
        updated_at: new Date(),
      })),
    );
  }
  let done = 0;
  let measuring = false;
  let stopped = false;
  const worker = async (i) => {
    for (let turn = i; !stopped; turn += concurrency) {
      const conversation_id = ids[turn % ids.length];
      const page = await collection
        .find({ conversation_id, seq: { $lt: messages + 1 } })
        .sort({ seq: -1 })
        .limit(PAGE)
        .toArray();
      if (page.length !== PAGE) throw new Error(`a page of ${page.length}`);
      if (measuring) done += 1;
    }
  };
  const working = Promise.all(Array.from({ length: concurrency }, (_, i) => worker(i)));
  await new Promise((resolve) => setTimeout(resolve, warmUp * 1000));
  const opened = { at: performance.now(), cpu: cpuMicros(process.pid) };
  measuring = true;
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  measuring = false;
  const elapsed = (performance.now() - opened.at) / 1000;
  const cpu = cpuMicros(process.pid);
  stopped = true;
  await working;
  await client.close();
  await store.stop();
  return { perSecond: done / elapsed, serverCpuMicros: cpu && opened.cpu ? (cpu - opened.cpu) / done : null };
}

process.once('message', (scenario) => {
  run(scenario).then(
    (result) => process.send({ result }, () => process.exit(0)),
    (error) => process.send({ error: error.message }, () => process.exit(1)),
  );
});
process.on('disconnect', () => process.exit(1));
