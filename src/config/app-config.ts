import type { KeyObject } from 'node:crypto';
import type { Algorithm } from 'jsonwebtoken';

/** Settings as the code uses them: typed, units in the names. Built once by configuration.ts; also the injection token. */
export abstract class AppConfig {
  readonly environment: 'development' | 'test' | 'production';
  readonly service: { readonly port: number; readonly host: string; readonly version: string };
  readonly logLevel: string;
  readonly store: {
    /** Unset: the embedded store in `dataDir`. */
    readonly url?: string;
    readonly database: string;
    readonly dataDir: string;
  };
  /** Unset: one node, no notification events. */
  readonly redisUrl?: string;
  readonly notifications: { readonly content: 'none' | 'full' };
  readonly auth: { readonly key: KeyObject; readonly algorithm: Algorithm; readonly leewaySeconds: number };
  /** Base URLs of the sibling services. */
  readonly siblings: { readonly authServiceUrl: string; readonly userServiceUrl: string };
  readonly authIntrospection: boolean;
  /** Unset: user-service's lists are not read. */
  readonly directorySync?: { readonly everyMs: number; readonly token: string };
  /** IANA name. */
  readonly timeZone: string;
  readonly metricsToken?: string;
  readonly corsOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly websocket: {
    readonly pingIntervalMs: number;
    readonly pingTimeoutMs: number;
    readonly maxConnectionsPerUser: number;
    /** A socket without a token is closed after this long. */
    readonly authenticationTimeoutMs: number;
  };
  /** Unicode code points. */
  readonly maxMessageLength: number;
  readonly messageRetentionMs: number;
  /** 0: no edits. */
  readonly editWindowMs: number;
  /** The creator counts. */
  readonly maxGroupParticipants: number;
  readonly rates: {
    readonly messagesPerMinute: number;
    /** Edits and deletions. */
    readonly changesPerMinute: number;
    readonly connectionsPerMinute: number;
    readonly eventsPerSecond: number;
  };
  readonly docs: boolean;
}
