import type { Socket } from 'socket.io-client';
import type { ConversationPayload } from '../../src/contract/payloads';
import type { TestSocket } from './socket-client';

/** An event as it came, with the fields that tests look at. */
export interface Heard {
  readonly event: string;
  readonly data: Partial<ConversationPayload> & { readonly user_id?: string; readonly seq?: number };
}

/** @returns what the socket hears from now on, in order */
export function hearing(socket: TestSocket): Heard[] {
  const heard: Heard[] = [];
  (socket as unknown as Socket).onAny((event: string, data: Heard['data']) => heard.push({ event, data }));
  return heard;
}
