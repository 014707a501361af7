import { IncomingMessage } from 'node:http';

/**
 * A request whose `Upgrade` is ignored unless it asks for a WebSocket, as RFC 9110 7.8 allows: curl and Java's HttpClient
 * offer `h2c` along with an ordinary request, which Node would take for an upgrade as soon as anybody listens for those.
 * On Node 24.9 `shouldUpgradeCallback` says the same.
 */
export class PlainRequest extends IncomingMessage {
  private isOffered = false;

  /** Set by Node's parser, and read by it once the headers are there. */
  set upgrade(isOffered: boolean | null) {
    this.isOffered = isOffered === true;
  }

  get upgrade(): boolean {
    return this.isOffered && (this.method === 'CONNECT' || this.headers.upgrade?.toLowerCase() === 'websocket');
  }

  /** Whether the client offered an upgrade that does not happen. */
  get hasIgnoredUpgrade(): boolean {
    return this.isOffered && !this.upgrade;
  }
}
