import { createHash } from 'node:crypto';
import type { Membership } from '../conversations/conversation';

/** How far a client knows one conversation. Each number is given in the order of commit (docs/adr/0002). */
export interface SyncPosition {
  readonly seq: number;
  readonly mod: number;
  readonly version: number;
  /** Changes when somebody's positions may have moved; then `digest` tells whether they have. */
  readonly receipts: number;
  /** Of everybody's positions; 0: not looked at yet. */
  readonly digest: number;
  /** Of what is the viewer's own: archive and mute. */
  readonly own: number;
}

export type SyncVector = ReadonlyMap<string, SyncPosition>;

const DIGEST_BYTES = 4;

const hash = (value: unknown): number =>
  createHash('sha256').update(JSON.stringify(value)).digest().readUInt32BE(0) || 1;

/** @returns 32 bits, never 0, that differ when a position does */
export function digestOf(memberships: readonly Membership[]): number {
  const rows = memberships.map(({ userId, readSeq, deliveredSeq }) => [userId, readSeq, deliveredSeq]);
  return hash(rows.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
}

/** @returns 32 bits that differ when the member archives or mutes */
export const ownDigestOf = (membership: Membership | undefined): number =>
  hash([membership?.archivedSeq ?? null, membership?.mutedUntil?.getTime() ?? null]);

/** About 30 bytes a conversation. */
export function encodeVector(vector: SyncVector): Buffer {
  const parts: Buffer[] = [];
  for (const [id, { seq, mod, version, receipts, digest, own }] of vector) {
    const tail = Buffer.alloc(2 * DIGEST_BYTES);
    tail.writeUInt32BE(digest);
    tail.writeUInt32BE(own, DIGEST_BYTES);
    parts.push(Buffer.from(id.replaceAll('-', ''), 'hex'), ...[seq, mod, version, receipts].map(varint), tail);
  }
  return Buffer.concat(parts);
}

export function decodeVector(bytes: Buffer): Map<string, SyncPosition> {
  const vector = new Map<string, SyncPosition>();
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes.readUInt8(at++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const hex = bytes.toString('hex', at, at + 16);
    at += 16;
    const [seq, mod, version, receipts] = [next(), next(), next(), next()];
    const digest = bytes.readUInt32BE(at);
    const own = bytes.readUInt32BE(at + DIGEST_BYTES);
    at += 2 * DIGEST_BYTES;
    vector.set(hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'), {
      seq,
      mod,
      version,
      receipts,
      digest,
      own,
    });
  }
  return vector;
}

/** Seven bits a byte, lowest first: division, because numbers go up to 2^53. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Buffer.from([...bytes, rest]);
}
