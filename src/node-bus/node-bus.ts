import { Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { errorName } from '../common/error-name';
import type { RedisConnection } from '../redis/redis-connection';
import { decode, encode, type Envelope, type NodeEvent } from './envelope';
import type { NodeEventMap, NodeEventName } from './node-events';

const HEARTBEAT_MS = 1_000;
/** A node that has not been heard for this long may have ended without telling what it had committed. */
const SILENT_MS = 5_000;
/** Events of one envelope. */
const BATCH = 500;
/** Envelopes without an answer; those above are not sent, and the others learn of it by the count. */
const IN_FLIGHT = 1_000;

type Listener<N extends NodeEventName> = (payload: NodeEventMap[N]) => void;
type Listeners = { [N in NodeEventName]?: Listener<N>[] };

interface NodeHeard {
  /** The number of its last envelope. */
  n: number;
  at: number;
}

/**
 * Nodes of one service tell each other what happened. At most once, in the order of each node; whoever may have missed
 * something is told so by `onGap`. Without REDIS_URL nothing is sent and nothing heard.
 */
export class NodeBus implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** Whether there may be other nodes. */
  readonly enabled: boolean;
  /** This node, for its life. */
  readonly nodeId = randomUUID();
  private readonly logger = new Logger(NodeBus.name);
  private readonly channel: string;
  private readonly listeners: Listeners = {};
  private readonly gapListeners: (() => void)[] = [];
  private readonly nodes = new Map<string, NodeHeard>();
  private outbox: NodeEvent[] = [];
  private scheduled = false;
  private sent = 0;
  private inFlight = 0;
  private complained = false;
  private heartbeat: NodeJS.Timeout | undefined;

  /** @param service nodes with the same one hear each other: several services may share one Redis. */
  constructor(
    private readonly redis: RedisConnection,
    service: string,
  ) {
    this.enabled = redis.configured;
    this.channel = `presencepro:messaging:nodes:${service}`;
    if (!this.enabled) return;
    redis.subscribe(this.channel, (text) => this.receive(text));
    redis.onSubscribed(() => this.subscribed());
  }

  onApplicationBootstrap(): void {
    if (this.enabled) this.heartbeat = setInterval(() => this.beat(), HEARTBEAT_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (!this.enabled) return;
    clearInterval(this.heartbeat);
    this.flush();
    await this.send({ from: this.nodeId, n: this.sent, bye: true });
  }

  /** @returns whether other nodes are heard now. */
  isConnected(): boolean {
    return this.enabled && this.redis.isReady();
  }

  /** Tells the other nodes; what is told in one turn of the event loop goes together. Never throws, never waits. */
  publish<N extends NodeEventName>(name: N, payload: NodeEventMap[N]): void {
    if (!this.enabled) return;
    this.outbox.push([name, payload] as readonly unknown[] as NodeEvent);
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => this.flush());
  }

  /** Hears the other nodes, never this one. A listener that fails is logged and isolated. */
  on<N extends NodeEventName>(name: N, listener: Listener<N>): void {
    const list: Listener<N>[] = this.listeners[name] ?? [];
    list.push(listener);
    (this.listeners as Record<N, Listener<N>[]>)[name] = list;
  }

  /**
   * Called when something that other nodes told, or would have told, may be missing here: after every (re)connection,
   * when a count has a hole, and when a node falls silent. May come several times for one cause.
   */
  onGap(listener: () => void): void {
    this.gapListeners.push(listener);
  }

  private flush(): void {
    this.scheduled = false;
    const events = this.outbox;
    this.outbox = [];
    for (let start = 0; start < events.length; start += BATCH) {
      this.sent += 1;
      void this.send({ from: this.nodeId, n: this.sent, events: events.slice(start, start + BATCH) });
    }
  }

  /** What cannot be sent is gone; its number is not, and so the others see the hole. */
  private async send(envelope: Envelope): Promise<void> {
    if (this.inFlight >= IN_FLIGHT) return;
    this.inFlight += 1;
    try {
      await this.redis.publish(this.channel, encode(envelope));
    } catch {
      // RedisConnection tells of its being away, once.
    } finally {
      this.inFlight -= 1;
    }
  }

  private beat(): void {
    void this.send({ from: this.nodeId, n: this.sent });
    if (!this.isConnected()) return;
    const before = performance.now() - SILENT_MS;
    for (const [id, { at }] of this.nodes) {
      if (at >= before) continue;
      this.nodes.delete(id);
      this.gap();
    }
  }

  private receive(text: string): void {
    const envelope = decode(text);
    if (!envelope) return this.complain();
    const { from, n, events, bye } = envelope;
    if (from === this.nodeId) return;
    const last = this.nodes.get(from)?.n ?? 0;
    const isRepeated = events !== undefined && n <= last;
    if (bye) this.nodes.delete(from);
    else this.nodes.set(from, { n: Math.max(n, last), at: performance.now() });
    if (n > (events ? last + 1 : last)) this.gap();
    if (!isRepeated) for (const [name, payload] of events ?? []) this.tell(name, payload);
  }

  private tell<N extends NodeEventName>(name: N, payload: NodeEventMap[N]): void {
    for (const listener of this.listeners[name] ?? []) this.isolated(name, () => listener(payload));
  }

  private subscribed(): void {
    for (const heard of this.nodes.values()) heard.at = performance.now();
    this.gap();
  }

  private gap(): void {
    for (const listener of this.gapListeners) this.isolated('gap', listener);
  }

  private isolated(name: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.logger.error(`a listener of ${name} failed (${errorName(error)})`);
    }
  }

  private complain(): void {
    if (!this.complained) this.logger.warn('a node of another version speaks: what it says is not understood');
    this.complained = true;
  }
}
