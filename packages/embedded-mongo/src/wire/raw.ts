import { deserialize, serialize, type Document } from 'bson';
import { commandError } from '../errors';

/** Decode options of every document inside the engine: the numeric types survive a decode and encode. */
export const ENGINE_DECODE = {
  promoteValues: false,
  promoteLongs: false,
  promoteBuffers: false,
  bsonRegExp: true,
} as const;

/** Decodes one stored or received document without losing a type. */
export function decode(raw: Uint8Array): Document {
  return deserialize(raw, ENGINE_DECODE);
}

/** Encodes a document of the engine. */
export function encode(doc: Document): Buffer {
  const bytes = serialize(doc, { ignoreUndefined: false });
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Where one top-level element of a raw document lies. */
export interface RawElement {
  readonly type: number;
  /** Offset of the type byte. */
  readonly start: number;
  readonly valueStart: number;
  readonly end: number;
}

function valueEnd(raw: Buffer, type: number, at: number): number {
  switch (type) {
    case 0x01:
    case 0x09:
    case 0x11:
    case 0x12:
      return at + 8;
    case 0x02:
    case 0x0d:
    case 0x0e:
      return at + 4 + raw.readInt32LE(at);
    case 0x03:
    case 0x04:
    case 0x0f:
      return at + raw.readInt32LE(at);
    case 0x05:
      return at + 5 + raw.readInt32LE(at);
    case 0x06:
    case 0x0a:
    case 0x7f:
    case 0xff:
      return at;
    case 0x07:
      return at + 12;
    case 0x08:
      return at + 1;
    case 0x0b: {
      const patternEnd = raw.indexOf(0, at);
      return raw.indexOf(0, patternEnd + 1) + 1;
    }
    case 0x0c:
      return at + 4 + raw.readInt32LE(at) + 12;
    case 0x10:
      return at + 4;
    case 0x13:
      return at + 16;
    default:
      throw commandError('BadValue', `unknown BSON type 0x${type.toString(16)}`);
  }
}

const ID_NAME = Buffer.from('_id\0');

/** Finds the top-level `_id` of a raw document without decoding it. */
export function findId(raw: Buffer): RawElement | undefined {
  let at = 4;
  while (at < raw.length - 1) {
    const type = raw[at];
    if (type === undefined || type === 0) return undefined;
    const nameEnd = raw.indexOf(0, at + 1) + 1;
    if (nameEnd === 0) throw commandError('BadValue', 'a document has a field name without an end');
    const end = valueEnd(raw, type, nameEnd);
    if (end <= at || end > raw.length) throw commandError('BadValue', 'a document has an element beyond its end');
    if (nameEnd - at === 5 && raw.compare(ID_NAME, 0, 4, at + 1, nameEnd) === 0) {
      return { type, start: at, valueStart: nameEnd, end };
    }
    at = end;
  }
  return undefined;
}

function isOneOf(raw: Buffer, start: number, end: number, groups: readonly (readonly Buffer[])[]): boolean {
  for (const names of groups) {
    for (const name of names) {
      // The last byte is the end of the name; the one before it tells most names of one length apart.
      if (name.length !== end - start || name[name.length - 2] !== raw[end - 2]) continue;
      if (raw.compare(name, 0, name.length, start, end) === 0) return true;
    }
  }
  return false;
}

/** Decodes some top-level fields, named with the zero byte that ends a name; the other ones are only walked over. */
export function decodeFields(raw: Buffer, groups: readonly (readonly Buffer[])[]): Document {
  const out = Buffer.allocUnsafe(raw.length);
  let length = 4;
  let at = 4;
  while (at < raw.length - 1) {
    let nameEnd = at + 1;
    while (raw[nameEnd] !== 0) if (++nameEnd >= raw.length) throw commandError('BadValue', 'a field name has no end');
    nameEnd++;
    const end = valueEnd(raw, raw[at] ?? 0, nameEnd);
    if (end <= at || end >= raw.length) throw commandError('BadValue', 'a document has an element beyond its end');
    if (isOneOf(raw, at + 1, nameEnd, groups)) length += raw.copy(out, length, at, end);
    at = end;
  }
  out[length++] = 0;
  out.writeInt32LE(length, 0);
  return decode(out.subarray(0, length));
}

/** The document with `_id` as its first field, as MongoDB stores it; the same bytes when it already is. */
export function withIdFirst(raw: Buffer): Buffer {
  const id = findId(raw);
  if (!id || id.start === 4) return raw;
  return Buffer.concat([
    raw.subarray(0, 4),
    raw.subarray(id.start, id.end),
    raw.subarray(4, id.start),
    raw.subarray(id.end),
  ]);
}

/** Encodes `{ cursor: { <batchName>: [...], id, ns }, ok: 1 }` around documents that stay raw. */
export function encodeCursorReply(batchName: string, batch: readonly Uint8Array[], id: bigint, ns: string): Buffer {
  let arraySize = 5;
  for (let i = 0; i < batch.length; i++) arraySize += 2 + String(i).length + (batch[i]?.length ?? 0);
  const nsBytes = Buffer.byteLength(ns);
  const cursorSize = 4 + (1 + batchName.length + 1) + arraySize + (1 + 3 + 8) + (1 + 3 + 4 + nsBytes + 1) + 1;
  const total = 4 + (1 + 7) + cursorSize + (1 + 3 + 8) + 1;
  const out = Buffer.allocUnsafe(total);
  let at = out.writeInt32LE(total, 0);
  const name = (type: number, text: string): void => {
    out[at++] = type;
    at += out.write(text, at, 'latin1');
    out[at++] = 0;
  };
  name(0x03, 'cursor');
  at = out.writeInt32LE(cursorSize, at);
  name(0x04, batchName);
  at = out.writeInt32LE(arraySize, at);
  for (let i = 0; i < batch.length; i++) {
    name(0x03, String(i));
    const doc = batch[i];
    if (doc) {
      out.set(doc, at);
      at += doc.length;
    }
  }
  out[at++] = 0;
  name(0x12, 'id');
  at = out.writeBigInt64LE(id, at);
  name(0x02, 'ns');
  at = out.writeInt32LE(nsBytes + 1, at);
  at += out.write(ns, at, 'utf8');
  out[at++] = 0;
  out[at++] = 0;
  name(0x01, 'ok');
  at = out.writeDoubleLE(1, at);
  out[at++] = 0;
  return out;
}
