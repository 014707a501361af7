import { io } from 'socket.io-client';
import { signToken } from './token.mjs';

/** One participant with one device: sends in order, resends what was not acknowledged, records what arrives. */
export class Person {
  constructor({ claims, secret, url, window, hooks }) {
    this.id = String(claims.user_id);
    this.name = claims.display_name;
    this.token = signToken(claims, secret);
    this.url = url;
    this.window = window;
    this.hooks = hooks;
    this.queue = [];
    this.inFlight = 0;
    this.epoch = 0;
    /** conversation_id → { last, live, ids: message_id → 'live' | 'history', texts, doubled, backwards } */
    this.inbox = new Map();
    this.missed = Promise.resolve();
    this.connections = 0;
  }

  async rest(method, path, body) {
    const answer = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      body: body ? JSON.stringify(body) : undefined,
      signal: AbortSignal.timeout(10_000),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} as ${this.name}: ${answer.status} ${text.slice(0, 300)}`);
    return JSON.parse(text);
  }

  connect() {
    this.socket = io(this.url, {
      transports: ['websocket'],
      forceNew: true,
      auth: { token: this.token },
      reconnectionDelay: 50,
      reconnectionDelayMax: 250,
    });
    this.socket.on('message_received', (message) => this.received(message));
    this.socket.on('disconnect', () => {
      this.epoch += 1;
      this.inFlight = 0;
      for (const item of this.queue) item.inFlight = false;
    });
    this.socket.on('connect', () => {
      this.connections += 1;
      this.pump();
      if (this.connections > 1) this.hooks.reconnected?.(this);
    });
    return new Promise((resolve, reject) => {
      this.socket.once('connect', resolve);
      this.socket.on('connect_error', (error) => {
        // Without data it is the network: the service is being restarted, the client goes on trying.
        if (error.data) reject(new Error(`${this.name} was refused: ${JSON.stringify(error.data)}`));
      });
    });
  }

  send(item) {
    this.queue.push(item);
    return new Promise((resolve, reject) => {
      item.done = resolve;
      item.failed = reject;
      this.pump();
    });
  }

  pump() {
    if (!this.socket.connected) return;
    for (const item of this.queue) {
      if (this.inFlight >= this.window) return;
      if (!item.inFlight) this.emit(item);
    }
  }

  emit(item) {
    const epoch = this.epoch;
    const at = performance.now();
    item.inFlight = true;
    item.attempts = (item.attempts ?? 0) + 1;
    this.inFlight += 1;
    this.socket.emit('message', item.body(), (answer) => {
      if (epoch !== this.epoch) return;
      this.inFlight -= 1;
      item.inFlight = false;
      if (answer?.ok) {
        item.ackMs = performance.now() - at;
        item.message = answer.data;
        this.queue.splice(this.queue.indexOf(item), 1);
        item.done(item);
      } else if (answer?.error?.error_code === 'RATE_LIMITED') {
        item.inFlight = true;
        setTimeout(() => ((item.inFlight = false), this.pump()), answer.error.details?.retry_after_ms ?? 1000).unref();
        this.hooks.rateLimited?.();
        return;
      } else {
        this.queue.splice(this.queue.indexOf(item), 1);
        item.failed(new Error(`${this.name}: send refused: ${JSON.stringify(answer)}`));
      }
      this.pump();
    });
    this.hooks.sent?.();
  }

  box(conversationId) {
    if (!this.inbox.has(conversationId)) {
      this.inbox.set(conversationId, {
        last: 0,
        live: new Set(),
        ids: new Map(),
        texts: new Map(),
        doubled: 0,
        backwards: 0,
      });
    }
    return this.inbox.get(conversationId);
  }

  received(message) {
    const box = this.box(message.conversation_id);
    if (box.live.has(message.message_id)) box.doubled += 1;
    else if (message.seq <= box.last) box.backwards += 1;
    box.live.add(message.message_id);
    box.last = Math.max(box.last, message.seq);
    if (!box.ids.has(message.message_id)) box.ids.set(message.message_id, 'live');
    box.texts.set(message.message_id, message.content);
  }

  /** What a client does after a reconnect: reads on from the last message without a hole before it. */
  async catchUp(conversationId, afterSeq) {
    const box = this.box(conversationId);
    for (let after = afterSeq; ;) {
      const page = await this.rest('GET', `/api/v1/messages/history/${conversationId}?limit=100&after_seq=${after}`);
      for (const message of page.messages) {
        if (!box.ids.has(message.message_id)) box.ids.set(message.message_id, 'history');
        box.texts.set(message.message_id, message.content);
        after = message.seq;
      }
      if (!page.has_more || page.messages.length === 0) return;
    }
  }

  /** The complete history from the newest page backwards, as REST gives it. */
  async history(conversationId) {
    const messages = [];
    let total;
    for (let before; ;) {
      const query = before === undefined ? '' : `&before_seq=${before}`;
      const page = await this.rest('GET', `/api/v1/messages/history/${conversationId}?limit=37${query}`);
      total ??= page.total_count;
      messages.unshift(...page.messages);
      if (!page.has_more || page.messages.length === 0) return { messages, total };
      before = page.messages[0].seq;
    }
  }

  close() {
    this.socket?.disconnect();
  }
}
