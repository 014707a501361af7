import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from './eventually';
import { StoreLink } from './store-link';

const OP_MSG = 2013;
const HEADER_BYTES = 16;
/** Flags, and the kind of the first section. */
const BODY_AT = HEADER_BYTES + 5;
const STRING = 2;
const WRITES = /^(insert|update|findAndModify) (messages|memberships|conversations)$/;

/** @returns numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @returns what a message of MongoDB's wire protocol asks for, such as `insert messages`; empty for anything else */
function commandOf(message: Buffer): string {
  if (message.readInt32LE(12) !== OP_MSG || message[BODY_AT + 4] !== STRING) return '';
  const nameEnd = message.indexOf(0, BODY_AT + 5);
  const length = message.readInt32LE(nameEnd + 1);
  return `${message.toString('utf8', BODY_AT + 5, nameEnd)} ${message.toString('utf8', nameEnd + 5, nameEnd + 4 + length)}`;
}

/** Cuts what a socket receives into messages, and hands on each when the one before it is through. */
function forward(from: Socket, to: Socket, through: (message: Buffer) => Promise<void>): void {
  let rest = Buffer.alloc(0);
  let last = Promise.resolve();
  from.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER_BYTES && rest.length >= rest.readInt32LE(0)) {
      const message = rest.subarray(0, rest.readInt32LE(0));
      rest = rest.subarray(message.length);
      last = last.then(async () => {
        await through(message);
        if (to.writable) to.write(message);
      });
    }
  });
}

/** A link to the store on which some writes reach it late (before the insert), and some answers come late (after it). */
export class SlowLink extends StoreLink {
  readonly held = { before: 0, after: 0 };
  private holding = 0;

  /** @param waitMs asked twice for each write: how long it waits, and how long its answer does; 0: not at all */
  constructor(
    storeUrl: string,
    private readonly waitMs: () => number,
  ) {
    super(storeUrl);
  }

  /** Waits until nothing is on its way. */
  quiet(): Promise<void> {
    return eventually('nothing is held', () => this.holding === 0);
  }

  protected override join(client: Socket, store: Socket): void {
    const answersWait = new Map<number, number>();
    forward(client, store, async (message) => {
      if (!WRITES.test(commandOf(message))) return;
      const [before, after] = [this.waitMs(), this.waitMs()];
      answersWait.set(message.readInt32LE(4), after);
      await this.hold('before', before);
    });
    forward(store, client, async (message) => {
      const request = message.readInt32LE(8);
      const wait = answersWait.get(request) ?? 0;
      answersWait.delete(request);
      await this.hold('after', wait);
    });
  }

  private async hold(when: 'before' | 'after', ms: number): Promise<void> {
    if (ms === 0) return;
    this.held[when] += 1;
    this.holding += 1;
    await delay(ms);
    this.holding -= 1;
  }
}
