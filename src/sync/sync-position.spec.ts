import fc from 'fast-check';
import type { Membership } from '../conversations/conversation';
import { decodeVector, digestOf, encodeVector, ownDigestOf } from './sync-position';

const number = fc.maxSafeNat();
const bits = fc.nat(0xffffffff);
const position = fc.record({ seq: number, mod: number, version: number, receipts: number, digest: bits, own: bits });

const member = (userId: string, readSeq: number, own: Partial<Membership> = {}): Membership => ({
  conversationId: 'c',
  userId,
  joinedSeq: 0,
  readSeq,
  readAt: null,
  deliveredSeq: readSeq,
  readMarks: [],
  deliveredMarks: [],
  archivedSeq: null,
  mutedUntil: null,
  ...own,
});

describe('sync positions', () => {
  it('come back from their bytes as they went in', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.uuid(), position)), (entries) => {
        const vector = new Map(entries);
        expect(decodeVector(encodeVector(vector))).toEqual(vector);
      }),
    );
  });

  it('have a digest that tells a moved position, in whatever order the members come', () => {
    const digest = digestOf([member('a', 1), member('b', 2)]);
    expect(digestOf([member('b', 2), member('a', 1)])).toBe(digest);
    expect(digestOf([member('a', 1), member('b', 3)])).not.toBe(digest);
  });

  it('have another digest that tells archive and mute', () => {
    const digest = ownDigestOf(member('a', 1));
    expect(ownDigestOf(member('a', 5))).toBe(digest);
    expect(ownDigestOf(member('a', 1, { joinedSeq: 1 }))).not.toBe(digest);
    expect(ownDigestOf(member('a', 1, { archivedSeq: 1 }))).not.toBe(digest);
    expect(ownDigestOf(member('a', 1, { mutedUntil: new Date() }))).not.toBe(digest);
  });
});
