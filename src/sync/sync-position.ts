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
/** Of one conversation: its id, four numbers up to 2^53, two digests. */
const MOST_BYTES = 16 + 4 * 8 + 2 * DIGEST_BYTES;

const hash = (value: unknown): number =>
  createHash('sha256').update(JSON.stringify(value)).digest().readUInt32BE(0) || 1;

/** @returns 32 bits, never 0, that differ when a position does */
export function digestOf(memberships: readonly Membership[]): number {
  const rows = memberships.map(({ userId, readSeq, deliveredSeq }) => [userId, readSeq, deliveredSeq]);
  return hash(rows.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
}

const JOINED_BITS = 0xffff;
const joinedBits = (membership: Membership | undefined): number => hash(membership?.joinedSeq ?? null) & JOINED_BITS;

/** @returns 32 bits that differ when the member archives or mutes, and when it is another membership */
export const ownDigestOf = (membership: Membership | undefined): number => {
  const own = hash([membership?.archivedSeq ?? null, membership?.mutedUntil?.getTime() ?? null]);
  return ((own & ~JOINED_BITS) | joinedBits(membership)) >>> 0;
};

/** @returns whether the membership began where the one began of which the digest tells */
export const isOfSameStay = (ownDigest: number, membership: Membership | undefined): boolean =>
  (ownDigest & JOINED_BITS) === joinedBits(membership);

/** About 30 bytes a conversation. */
export function encodeVector(vector: SyncVector): Buffer {
  const bytes = Buffer.alloc(vector.size * MOST_BYTES);
  let end = 0;
  for (const [id, { seq, mod, version, receipts, digest, own }] of vector) {
    end += bytes.write(id.replaceAll('-', ''), end, 'hex');
    for (const value of [seq, mod, version, receipts]) end = writeVarint(bytes, value, end);
    end = bytes.writeUInt32BE(digest, end);
    end = bytes.writeUInt32BE(own, end);
  }
  return bytes.subarray(0, end);
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

/** Seven bits a byte, lowest first: division, because numbers go up to 2^53. @returns the place after it */
function writeVarint(bytes: Buffer, value: number, at: number): number {
  let end = at;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) end = bytes.writeUInt8((rest % 0x80) | 0x80, end);
  return bytes.writeUInt8(rest, end);
}
