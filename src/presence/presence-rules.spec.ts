import fc from 'fast-check';
import { CHOSEN_STATUSES } from '../contract/payloads';
import { type Device, type Footprint, livingDevices, type Moment, onlineFor, statusOf } from './presence-rules';

const GRACE_MS = 5_000;
const open = (node: string, id = 's'): Device => ({ node, id, isOpen: true });
const moment = (now: number, leases: Record<string, number> = { a: Infinity }): Moment => ({
  now,
  leases: new Map(Object.entries(leases)),
  graceMs: GRACE_MS,
});

const aDevice = fc.record({
  node: fc.constantFrom('a', 'b', 'c'),
  id: fc.constantFrom('1', '2', '3'),
  isOpen: fc.boolean(),
});
const aTime = fc.integer({ min: 1, max: 200_000 });
const aFootprint: fc.Arbitrary<Footprint> = fc.record({
  devices: fc.array(aDevice, { maxLength: 6 }),
  leftAt: fc.oneof(fc.constant(0), aTime),
});
const leases = fc.dictionary(fc.constantFrom('a', 'b', 'c'), aTime, { noNullPrototype: true });

describe('presence', () => {
  it.each([
    ['nobody is offline', [], 0, 'offline'],
    ['a handshake under way makes nobody online', [{ ...open('a'), isOpen: false }], 0, 'offline'],
    ['one socket makes online', [open('a')], 0, 'online'],
    ['one of several devices is enough', [open('a', '1'), { ...open('a', '2'), isOpen: false }], 9_000, 'online'],
    ['who left a moment ago is online', [], 5_001, 'online'],
    ['who left 5 s ago is offline', [], 5_000, 'offline'],
    ['the socket of a node without a lease does not count', [open('b')], 0, 'offline'],
  ] as const)('%s', (_name, devices, leftAt, expected) => {
    expect(statusOf({ devices, leftAt }, 'online', moment(10_000))).toBe(expected);
  });

  it('drops the sockets of a dead node with the end of its lease', () => {
    const footprint = { devices: [open('a'), open('dead')], leftAt: 0 };
    expect(livingDevices(footprint, moment(49_999, { dead: 50_000 }))).toEqual([open('dead')]);
    expect(livingDevices(footprint, moment(50_000, { dead: 50_000 }))).toEqual([]);
  });

  it('shows the choice while online and never otherwise', () => {
    fc.assert(
      fc.property(aFootprint, aTime, leases, fc.constantFrom(...CHOSEN_STATUSES), (footprint, now, ends, chosen) => {
        const at = moment(now, ends);
        expect(statusOf(footprint, chosen, at)).toBe(onlineFor(footprint, at) > 0 ? chosen : 'offline');
      }),
    );
  });

  it('is online as long as it said, and offline from then on, if nothing happens', () => {
    fc.assert(
      fc.property(aFootprint, aTime, (footprint, now) => {
        const left = onlineFor(footprint, moment(now));
        if (left === Infinity) expect(onlineFor(footprint, moment(now + 1_000_000))).toBe(Infinity);
        else {
          expect(onlineFor(footprint, moment(now + left))).toBe(0);
          if (left > 0) expect(onlineFor(footprint, moment(now + left - 1))).toBe(1);
        }
      }),
    );
  });

  it('does not depend on the order of devices, and one device more never makes offline', () => {
    fc.assert(
      fc.property(aFootprint, aDevice, aTime, leases, ({ devices, leftAt }, more, now, ends) => {
        const at = moment(now, ends);
        const stays = onlineFor({ devices, leftAt }, at);
        expect(onlineFor({ devices: [...devices].reverse(), leftAt }, at)).toBe(stays);
        expect(onlineFor({ devices: [...devices, more], leftAt }, at)).toBeGreaterThanOrEqual(stays);
      }),
    );
  });

  it('knows no ghosts: after the last lease and the time to return everybody is offline', () => {
    fc.assert(
      fc.property(aFootprint, leases, (footprint, ends) => {
        const end = Math.max(footprint.leftAt + GRACE_MS, ...Object.values(ends));
        expect(onlineFor(footprint, moment(end, ends))).toBe(0);
      }),
    );
  });
});
