/**
 * The limit: Socket.IO without a framework, authentication, validation or directory.
 *   RAW_MODE=ack    answers every `message` with its acknowledgement and nothing else
 *   RAW_MODE=relay  appends to a file, one fdatasync per batch, then acknowledges and sends to the room: the least that
 *                   a durable chat has to do
 */
import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Server } from 'socket.io';

const relay = process.env.RAW_MODE === 'relay';
const http = createServer();
const io = new Server(http, { transports: ['websocket'], serveClient: false });
const file = relay ? await open(join(process.env.RAW_FOLDER, 'raw.log'), 'a') : undefined;

let queue = [];
let flushing = false;
async function flush() {
  flushing = true;
  while (queue.length > 0) {
    const batch = queue;
    queue = [];
    await file.appendFile(batch.map((entry) => `${JSON.stringify(entry.message)}\n`).join(''));
    await file.datasync();
    for (const { socket, message, ack } of batch) {
      ack({ ok: true, data: message });
      socket.to(message.conversation_id).emit('message_received', message);
    }
  }
  flushing = false;
}

const lastSeq = new Map();
io.on('connection', (socket) => {
  const { user, rooms } = socket.handshake.auth;
  if (rooms?.length) void socket.join(rooms);
  socket.on('message', (body, ack) => {
    if (!relay) return ack({ ok: true, data: body });
    const seq = (lastSeq.get(body.conversation_id) ?? 0) + 1;
    lastSeq.set(body.conversation_id, seq);
    const message = { message_id: randomUUID(), seq, sender_id: user, ...body, created_at: new Date().toISOString() };
    queue.push({ socket, message, ack });
    if (!flushing) void flush();
  });
});
http.listen(0, '127.0.0.1', () => process.send({ port: http.address().port }));
process.on('disconnect', () => process.exit(0));
