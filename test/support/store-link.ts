import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A link to the store that tests cut and mend: a TCP proxy in front of its URL. */
export class StoreLink {
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();
  private port = 0;
  private isCut = false;

  constructor(private readonly storeUrl: string) {}

  /** The link, cut: the store is away. */
  async reserve(): Promise<string> {
    const url = await this.open();
    this.cut();
    return url;
  }

  /** @returns the URL at which the store is found through the link */
  async open(): Promise<string> {
    await this.mend();
    return `mongodb://127.0.0.1:${this.port}/?directConnection=true`;
  }

  async mend(): Promise<void> {
    this.isCut = false;
    if (this.server) return;
    const server = createServer((client) => this.pipe(client));
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
  }

  /** Every connection is closed, and a new one as soon as it comes. */
  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  /** The end of the link. */
  async close(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    this.cut();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  protected join(client: Socket, store: Socket): void {
    client.pipe(store);
    store.pipe(client);
  }

  private pipe(client: Socket): void {
    if (this.isCut) {
      client.destroy();
      return;
    }
    const { host } = /^mongodb:\/\/(?<host>[^/]+)/.exec(this.storeUrl)?.groups ?? { host: '' };
    const target = decodeURIComponent(host ?? '');
    const [name, port] = target.split(':');
    const store = target.startsWith('/') ? connect(target) : connect(Number(port), name);
    this.join(client, store);
    for (const [from, to] of [
      [client, store],
      [store, client],
    ] as const) {
      this.sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  }
}
