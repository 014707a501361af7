import { deserialize, type Document } from 'bson';
import { commandError } from '../errors';
import { ENGINE_DECODE } from './raw';

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const FLAG_CHECKSUM = 1;
const FLAG_MORE_TO_COME = 2;
/** Message limit that `hello` announces. */
export const MAX_MESSAGE_BYTES = 48_000_000;

/** One request, whatever opcode carried it. */
export interface Request {
  readonly requestId: number;
  readonly legacy: boolean;
  /** False when the client said `moreToCome`: it does not wait for an answer. */
  readonly wantsReply: boolean;
  readonly body: Document;
  readonly size: number;
}

/** The documents of these fields are stored, not interpreted: they stay raw buffers. */
const RAW_FIELDS = { documents: true };

function int32(buffer: Buffer, at: number): number {
  if (at + 4 > buffer.length) throw commandError('BadValue', 'a message ends too early');
  return buffer.readInt32LE(at);
}

function readBody(buffer: Buffer, at: number, limit: number): { doc: Document; end: number } {
  const size = int32(buffer, at);
  if (size < 5 || at + size > limit) throw commandError('BadValue', 'a message carries a document beyond its end');
  const doc = deserialize(buffer.subarray(at, at + size), { ...ENGINE_DECODE, fieldsAsRaw: RAW_FIELDS });
  return { doc, end: at + size };
}

function readSequence(buffer: Buffer, at: number, limit: number): { name: string; docs: unknown[]; end: number } {
  const end = at + int32(buffer, at);
  if (end > limit || end <= at + 4) throw commandError('BadValue', 'a document sequence is longer than its message');
  const nameEnd = buffer.indexOf(0, at + 4);
  if (nameEnd < 0 || nameEnd >= end) throw commandError('BadValue', 'a document sequence has no name');
  const name = buffer.toString('utf8', at + 4, nameEnd);
  const docs: unknown[] = [];
  let next = nameEnd + 1;
  while (next < end) {
    const size = int32(buffer, next);
    if (size < 5 || next + size > end) throw commandError('BadValue', 'a document sequence is malformed');
    const raw = buffer.subarray(next, next + size);
    docs.push(name === 'documents' ? raw : deserialize(raw, ENGINE_DECODE));
    next += size;
  }
  return { name, docs, end };
}

function parseMsg(buffer: Buffer, requestId: number): Request {
  const flags = buffer.readUInt32LE(16);
  const limit = buffer.length - (flags & FLAG_CHECKSUM ? 4 : 0);
  if (flags & 0xffff & ~(FLAG_CHECKSUM | FLAG_MORE_TO_COME)) {
    throw commandError('BadValue', 'OP_MSG with an unknown required flag');
  }
  let body: Document | undefined;
  const sequences: { name: string; docs: unknown[] }[] = [];
  let at = 20;
  while (at < limit) {
    const kind = buffer[at];
    if (kind === 0 && !body) {
      const section = readBody(buffer, at + 1, limit);
      body = section.doc;
      at = section.end;
    } else if (kind === 1) {
      const section = readSequence(buffer, at + 1, limit);
      sequences.push(section);
      at = section.end;
    } else {
      throw commandError('BadValue', `OP_MSG section of kind ${String(kind)} is not supported`);
    }
  }
  if (!body) throw commandError('BadValue', 'OP_MSG without a body');
  for (const { name, docs } of sequences) body[name] = docs;
  return { requestId, legacy: false, wantsReply: !(flags & FLAG_MORE_TO_COME), body, size: buffer.length };
}

function parseQuery(buffer: Buffer, requestId: number): Request {
  const nsEnd = buffer.indexOf(0, 20);
  if (nsEnd < 0) throw commandError('BadValue', 'OP_QUERY without a namespace');
  const ns = buffer.toString('utf8', 20, nsEnd);
  if (!ns.endsWith('.$cmd')) throw commandError('CommandNotSupported', 'OP_QUERY is only supported for hello');
  const { doc } = readBody(buffer, nsEnd + 9, buffer.length);
  const inner: unknown = doc.$query;
  const body = typeof inner === 'object' && inner !== null ? (inner as Document) : doc;
  body.$db = ns.slice(0, -5);
  return { requestId, legacy: true, wantsReply: true, body, size: buffer.length };
}

/** Reads one complete message. */
export function parseMessage(buffer: Buffer): Request {
  const requestId = buffer.readInt32LE(4);
  const opcode = buffer.readInt32LE(12);
  if (opcode === OP_MSG && buffer.length >= 26) return parseMsg(buffer, requestId);
  if (opcode === OP_QUERY && buffer.length >= 30) return parseQuery(buffer, requestId);
  throw commandError('CommandNotSupported', `the opcode ${opcode} is not supported`);
}

let nextRequestId = 1;

/** Frames an encoded reply document for its request: one buffer, because two writes cost more than the copy. */
export function frameReply(request: { requestId: number; legacy: boolean }, doc: Buffer): Buffer {
  const headerBytes = request.legacy ? 36 : 21;
  const out = Buffer.allocUnsafe(headerBytes + doc.length);
  out.writeInt32LE(out.length, 0);
  nextRequestId = (nextRequestId + 1) & 0x7fffffff;
  out.writeInt32LE(nextRequestId, 4);
  out.writeInt32LE(request.requestId, 8);
  out.writeInt32LE(request.legacy ? OP_REPLY : OP_MSG, 12);
  if (request.legacy) {
    out.writeInt32LE(8, 16);
    out.writeBigInt64LE(0n, 20);
    out.writeInt32LE(0, 28);
    out.writeInt32LE(1, 32);
  } else {
    out.writeUInt32LE(0, 16);
    out[20] = 0;
  }
  out.set(doc, headerBytes);
  return out;
}

/** Cuts the bytes of one socket into complete messages. */
export class MessageSplitter {
  private chunks: Buffer[] = [];
  private buffered = 0;

  /** Adds received bytes and returns the messages they complete. */
  push(chunk: Buffer): Buffer[] {
    this.chunks.push(chunk);
    this.buffered += chunk.length;
    const messages: Buffer[] = [];
    while (this.buffered >= 4) {
      const size = this.peekSize();
      if (size < 16 || size > MAX_MESSAGE_BYTES) throw commandError('BadValue', `a message of ${size} bytes`);
      if (this.buffered < size) break;
      const all = this.chunks.length === 1 && this.chunks[0] ? this.chunks[0] : Buffer.concat(this.chunks);
      messages.push(all.subarray(0, size));
      this.buffered -= size;
      this.chunks = this.buffered > 0 ? [all.subarray(size)] : [];
    }
    return messages;
  }

  private peekSize(): number {
    const first = this.chunks[0];
    if (first && first.length >= 4) return first.readInt32LE(0);
    const joined = Buffer.concat(this.chunks);
    this.chunks = [joined];
    return joined.readInt32LE(0);
  }
}
