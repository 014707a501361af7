import type { RedisConnection } from '../redis/redis-connection';
import type { RedisScript } from '../redis/redis-script';
import type { Footprint, Moment } from './presence-rules';
import { BEAT, FORGET, LEASE, READ, REAP, REGISTER, SOME, STEP } from './presence-scripts';
import type { PresenceTimings } from './presence-timings';

/** People of one question; what one call may cost. */
const BATCH = 200;
/** What nobody renews is gone after a day. */
const KEPT_MS = 24 * 60 * 60_000;
const NOTHING: Footprint = { devices: [], leftAt: 0 };

export type Step = 'take' | 'open' | 'close' | 'settle';

/** A node's answer to "I live". */
export interface Beat {
  /** False: the lease had ended, others may have reaped the node. */
  readonly lives: boolean;
  /** Dead nodes wait, and nobody else reaps them. */
  readonly reap: boolean;
  /** Redis' time, milliseconds. */
  readonly now: number;
  readonly sockets: number;
  readonly authenticated: number;
  readonly people: number;
}

/** One person's sockets here, for all nodes to see. */
export interface Registration {
  readonly open: readonly string[];
  readonly reserved: readonly string[];
}

/** What all nodes know of who is connected, in Redis. Every method throws RedisAwayError. */
export class SharedPeople {
  private readonly keys: readonly string[];

  /** @param service nodes with the same one share their people */
  constructor(
    private readonly redis: RedisConnection,
    service: string,
    private readonly timings: PresenceTimings,
  ) {
    const key = (name: string): string => `presencepro:messaging:presence:${service}:${name}`;
    this.keys = [key('people'), key('nodes'), key('counts'), key('reaper')];
  }

  /** @returns what presence-scripts.ts says of the step; undefined: the node does not live, and has to register first */
  async step(userId: string, step: Step, node: string, socketId = '', places = 0): Promise<number | undefined> {
    const answer = await this.run(STEP, userId, step, `${node}/${socketId}`, String(places));
    return answer === null ? undefined : Number(answer);
  }

  /** The node lives for `ms` from now on. */
  async lease(node: string, ms: number): Promise<void> {
    await this.run(LEASE, node, String(ms));
  }

  /**
   * The node `old` goes on as `node`.
   * @param held asked just before it is told: what happens to a socket later is told later
   */
  async register(
    old: string,
    node: string,
    userIds: readonly string[],
    held: (userId: string) => Registration,
  ): Promise<void> {
    for (let start = 0; start < userIds.length; start += BATCH) {
      const words = userIds.slice(start, start + BATCH).flatMap((userId) => {
        const { open, reserved } = held(userId);
        const sockets = [...open.map((id) => `+${node}/${id}`), ...reserved.map((id) => `?${node}/${id}`)];
        return [userId, sockets.join(' ')];
      });
      await this.run(REGISTER, old, ...words);
    }
  }

  async beat(node: string, sockets: number, authenticated: number): Promise<Beat> {
    const counts = [this.timings.leaseMs, sockets, authenticated, KEPT_MS].map(String);
    const answer = (await this.run(BEAT, node, ...counts)) as number[];
    const [lives, reap, now = 0, all = 0, known = 0, people = 0] = answer;
    return { lives: lives === 1, reap: reap === 1, now, sockets: all, authenticated: known, people };
  }

  /**
   * Removes what dead nodes left, some people at a time.
   * @param onGone told of everybody who is offline by it; 0: nobody knows since when
   */
  async reap(onGone: (userId: string, since: number) => void): Promise<void> {
    let cursor = '0';
    do {
      const answer = await this.run(REAP, cursor, String(BATCH), String(this.timings.leaseMs));
      const [next, ...gone] = answer as [string, ...(string | number)[]];
      cursor = next;
      for (let i = 0; i < gone.length; i += 2) onGone(String(gone[i]), Number(gone[i + 1]));
    } while (cursor !== '0');
  }

  /** Forgets the nodes that were dead at that time: after they are reaped. */
  async forget(deadBy: number): Promise<void> {
    await this.run(FORGET, String(deadBy));
  }

  /** Calls `look` with what is known of each person. */
  async read(
    userIds: readonly string[],
    look: (userId: string, footprint: Footprint, moment: Moment) => void,
  ): Promise<void> {
    for (let start = 0; start < userIds.length; start += BATCH) {
      const batch = userIds.slice(start, start + BATCH);
      const answer = await this.run(READ, ...batch);
      const [now, nodes, words] = answer as [number, string[], (string | null)[]];
      const moment = { now, leases: leasesIn(nodes), graceMs: this.timings.graceMs };
      for (const [index, userId] of batch.entries()) look(userId, footprintIn(words[index]), moment);
    }
  }

  /** @returns at most `limit` people of whom something is known; they may be offline by now. */
  async some(limit: number): Promise<string[]> {
    return (await this.run(SOME, String(limit))) as string[];
  }

  private run(script: RedisScript, ...args: readonly string[]): Promise<unknown> {
    return this.redis.runScript(script, this.keys, [String(this.timings.graceMs), ...args]);
  }
}

function leasesIn(nodes: readonly string[]): Map<string, number> {
  const leases = new Map<string, number>();
  for (let i = 0; i < nodes.length; i += 2) leases.set(nodes[i] ?? '', Number(nodes[i + 1]));
  return leases;
}

function footprintIn(words: string | null | undefined): Footprint {
  if (!words) return NOTHING;
  const all = words.split(' ').filter((word) => word !== '');
  const left = all.find((word) => word.startsWith('~'));
  const devices = all.flatMap((word) => {
    const [node = '', id] = word.slice(1).split('/');
    return id === undefined ? [] : [{ node, id, isOpen: word.startsWith('+') }];
  });
  return { devices, leftAt: left ? Number(left.slice(1)) : 0 };
}
