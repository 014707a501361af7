/** A reader that lets this much pile up, bytes, is closed instead: what it misses, `sync` brings. */
export const MAX_WAITING_BYTES = 1024 * 1024;
/** What a packet takes beside its data, about. */
const PACKET_BYTES = 200;

/** What is used here of an engine.io connection. */
export interface Reader {
  on(event: 'packetCreate', listener: (this: Reader, packet: Packet) => void): unknown;
  close(discard: true): void;
  /** Of WebSocket, what `ws` writes to; polling has none and holds what waits until the next request. */
  readonly transport: { readonly socket?: { readonly bufferedAmount: number; terminate(): void } };
}

interface Packet {
  readonly data?: string | Buffer;
}

/**
 * Closes connections whose peer does not read, at the first packet that finds too much waiting; one large answer alone
 * closes nothing. Without a look at connections that nothing is said to.
 */
export class SlowReaders {
  /** What engine.io holds, by connection: characters, which are a little fewer than bytes. */
  private readonly held = new WeakMap<Reader, number>();
  /** One for all connections, called as their method. */
  private readonly count: (this: Reader, packet: Packet) => void;

  constructor() {
    const hold = (reader: Reader, packet: Packet): void => this.hold(reader, packet);
    this.count = function (packet) {
      hold(this, packet);
    };
  }

  /** Watches a connection from its first packet on. */
  take(reader: Reader): void {
    reader.on('packetCreate', this.count);
  }

  /** Engine.io has handed what it held to the transport. */
  flushed(reader: Reader): void {
    this.held.delete(reader);
  }

  private hold(reader: Reader, { data }: Packet): void {
    const held = this.held.get(reader) ?? 0;
    const { socket } = reader.transport;
    if (held + (socket?.bufferedAmount ?? 0) <= MAX_WAITING_BYTES) {
      this.held.set(reader, held + (data?.length ?? 0) + PACKET_BYTES);
      return;
    }
    // Not a closing handshake, which a peer that does not read would leave unanswered.
    if (socket) socket.terminate();
    else reader.close(true);
  }
}
