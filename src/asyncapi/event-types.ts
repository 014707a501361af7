import type { Type } from '@nestjs/common';
import type { ErrorCode } from '../contract/error-codes';
import type { Ack, ClientToServerEvents, ServerToClientEvents } from '../contract/socket-events';

export type ClientEvent = keyof ClientToServerEvents;
export type InputOf<E extends ClientEvent> = Parameters<ClientToServerEvents[E]>[0];
/** What an acknowledgement of the event carries. */
export type DataOf<E extends ClientEvent> =
  Parameters<NonNullable<Parameters<ClientToServerEvents[E]>[1]>>[0] extends Ack<infer T> ? T : never;

export type ServerEvent = keyof ServerToClientEvents;
export type PayloadOf<E extends ServerEvent> = Parameters<ServerToClientEvents[E]>[0];

/** What the document says of an event of clients. A class that does not fit the contract does not compile. */
export interface ClientEventEntry<E extends ClientEvent> {
  readonly summary: string;
  readonly description?: string;
  readonly input: Type<InputOf<E>>;
  readonly example: InputOf<E>;
  readonly data: Type<DataOf<E>>;
  readonly dataExample: DataOf<E>;
  /** The codes that only this event has. Those that all have are added. */
  readonly errors: readonly ErrorCode[];
}

/** What the document says of an event of the service. */
export interface ServerEventEntry<E extends ServerEvent> {
  readonly summary: string;
  readonly description?: string;
  /** Who hears of it. */
  readonly to: string;
  readonly payload: Type<PayloadOf<E>>;
  readonly example: PayloadOf<E>;
}
